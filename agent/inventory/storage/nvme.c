/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <endian.h>
#include <errno.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "health.h"
#include "inventory/answer.h"
#include "nvme.h"

#define COMMAND_TIMEOUT_MSEC 3000U

#define ADMIN_GET_LOG_PAGE  0x02
#define ADMIN_IDENTIFY      0x06
#define IDENTIFY_CONTROLLER 1U
#define LOG_HEALTH          0x02U
#define ALL_NAMESPACES      UINT32_MAX

/* Temperatures are in kelvin. */
#define KELVIN_OFFSET 273

/* Data units are thousands of 512 bytes. */
#define DATA_UNIT_BYTES 512000U

static uint16_t le16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static uint64_t le64(const uint8_t *p) {
        uint64_t value;

        memcpy(&value, p, sizeof(value));
        return le64toh(value);
}

/* 128 bits of which a drive's life fills some fifty; false when the number is larger than that. */
static bool le128(const uint8_t *p, int64_t *ret) {
        uint64_t low = le64(p);

        if (le64(p + 8) != 0 || low > INT64_MAX)
                return false;

        *ret = (int64_t) low;
        return true;
}

static void set_counter(struct health *health, enum health_number number, const uint8_t *p, int64_t unit) {
        int64_t value;

        if (le128(p, &value) && value <= INT64_MAX / unit)
                health_set(health, number, value * unit);
}

void nvme_health_decode(const void *bytes, size_t size, struct fields *f) {
        /* Byte 0, bit by bit; of those, which mean that the drive no longer does its work. */
        static const struct {
                const char *text;
                bool failing;
        } warnings[6] = {
                {"available spare below its threshold", false},
                {"temperature out of bounds", false},
                {"reliability degraded by media or internal errors", true},
                {"media read-only", true},
                {"volatile memory backup failed", true},
                {"persistent memory region unreliable", true},
        };
        const uint8_t *p = bytes;
        struct health health = {};

        if (p && size >= NVME_HEALTH_SIZE) {
                for (size_t i = 0; i < ELEMENTSOF(warnings); i++) {
                        if (!(p[0] & 1U << i))
                                continue;

                        health.warnings[health.n_warnings++] = warnings[i].text;
                        health.failing = health.failing || warnings[i].failing;
                }

                if (le16(p + 1) != 0)
                        health_set(&health, HEALTH_TEMPERATURE_C, le16(p + 1) - KELVIN_OFFSET);
                health_set(&health, HEALTH_AVAILABLE_SPARE_PERCENT, p[3]);
                health_set(&health, HEALTH_SPARE_THRESHOLD_PERCENT, p[4]);
                health_set(&health, HEALTH_PERCENTAGE_USED, p[5]);
                set_counter(&health, HEALTH_READ_BYTES, p + 32, DATA_UNIT_BYTES);
                set_counter(&health, HEALTH_WRITTEN_BYTES, p + 48, DATA_UNIT_BYTES);
                set_counter(&health, HEALTH_POWER_CYCLES, p + 112, 1);
                set_counter(&health, HEALTH_POWER_ON_HOURS, p + 128, 1);
                set_counter(&health, HEALTH_UNSAFE_SHUTDOWNS, p + 144, 1);
                set_counter(&health, HEALTH_MEDIA_ERRORS, p + 160, 1);
                set_counter(&health, HEALTH_ERROR_LOG_ENTRIES, p + 176, 1);
        }

        health_add(&health, f);
}

static void add_temperature(struct fields *f, const char *name, const uint8_t *p) {
        if (p && le16(p) != 0)
                fields_signed(f, name, le16(p) - KELVIN_OFFSET);
        else
                fields_null(f, name);
}

void nvme_controller_decode(const void *bytes, size_t size, struct fields *f) {
        const uint8_t *p = size >= NVME_IDENTIFY_SIZE ? bytes : NULL;
        char version[24] = "", nqn[257] = "";
        int64_t capacity = 0;

        if (p && le16(p + 82) != 0)
                snprintf(version, sizeof(version), "%u.%u.%u", le16(p + 82), p[81], p[80]);
        if (p)
                memcpy(nqn, p + 768, 256);

        fields_text(f, "nvme_version", version);
        fields_text(f, "subsystem_nqn", nqn);
        if (p && le128(p + 280, &capacity) && capacity > 0)
                fields_signed(f, "total_capacity_bytes", capacity);
        else
                fields_null(f, "total_capacity_bytes");
        add_temperature(f, "warning_temperature_c", p ? p + 266 : NULL);
        add_temperature(f, "critical_temperature_c", p ? p + 268 : NULL);
}

struct request {
        int fd;
        struct nvme_admin_cmd command;
};

static ssize_t ask(void *userdata, void *buffer, size_t size) {
        struct request *request = userdata;
        int r;

        memset(buffer, 0, size);
        request->command.addr = (uint64_t) (uintptr_t) buffer;
        request->command.data_len = (uint32_t) size;
        request->command.timeout_ms = COMMAND_TIMEOUT_MSEC;

        r = ioctl(request->fd, NVME_IOCTL_ADMIN_CMD, &request->command);
        if (r < 0)
                return -errno;

        return r > 0 ? -EIO : (ssize_t) size; /* above 0: the drive's status */
}

void nvme_describe(const struct inventory_roots *roots, const char *name, int fd, struct fields *f) {
        uint8_t identify[NVME_IDENTIFY_SIZE], log[NVME_HEALTH_SIZE];
        struct request request = {.fd = fd};
        ssize_t n;

        request.command = (struct nvme_admin_cmd){.opcode = ADMIN_IDENTIFY, .cdw10 = IDENTIFY_CONTROLLER};
        n = answer_read(roots, name, "identify-controller", ask, &request, identify, sizeof(identify));
        fields_source(f, "NVMe Identify Controller of %s", name);
        nvme_controller_decode(identify, n < 0 ? 0 : (size_t) n, f);

        request.command = (struct nvme_admin_cmd){.opcode = ADMIN_GET_LOG_PAGE,
                                                  .nsid = ALL_NAMESPACES,
                                                  .cdw10 = LOG_HEALTH | (NVME_HEALTH_SIZE / 4 - 1) << 16};
        n = answer_read(roots, name, "health-log", ask, &request, log, sizeof(log));
        fields_source(f, "NVMe log page 02h of %s", name);
        nvme_health_decode(log, n < 0 ? 0 : (size_t) n, f);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "inventory/answer.h"
#include "scsi.h"

#define COMMAND_TIMEOUT_MSEC 3000U
#define SENSE_SIZE           64U

#define LOG_SENSE            0x4d
#define LOG_CURRENT_VALUES   0x40
#define LOG_TEMPERATURE      0x0d
#define LOG_EXCEPTIONS       0x2f
#define ATA_PASS_THROUGH_16  0x85
#define ATA_NON_DATA         (3U << 1)
#define ATA_PIO_IN           (4U << 1)
#define ATA_SMART            0xb0
#define ATA_SMART_READ_DATA  0xd0
#define ATA_SMART_STATUS     0xda
#define SENSE_DESCRIPTOR     0x72
#define DESCRIPTOR_ATA       0x09
#define ASC_FAILURE_EXPECTED 0x5d
#define ASC_WARNING          0x0b

#define SMART_ATTRIBUTES   2U /* where they begin */
#define SMART_N_ATTRIBUTES 30U
#define SMART_ENTRY_SIZE   12U

static uint64_t le48(const uint8_t *p) {
        return p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16 | (uint64_t) p[3] << 24 |
               (uint64_t) p[4] << 32 | (uint64_t) p[5] << 40;
}

/* An attribute: id, flags, normalized value, worst, six bytes raw. */
static void smart_attribute(const uint8_t *p, struct health *health) {
        uint64_t raw = le48(p + 5);

        switch (p[0]) {
        case 5:
                health_set(health, HEALTH_REALLOCATED_SECTORS, (int64_t) raw);
                break;
        case 9: /* some put minutes or a second number into the upper bytes */
                health_set(health, HEALTH_POWER_ON_HOURS, (int64_t) (raw & UINT32_MAX));
                break;
        case 12:
                health_set(health, HEALTH_POWER_CYCLES, (int64_t) (raw & UINT32_MAX));
                break;
        case 190:
                if (!health->has[HEALTH_TEMPERATURE_C])
                        health_set(health, HEALTH_TEMPERATURE_C, (int64_t) (raw & 0xff));
                break;
        case 194: /* minimum and maximum stand above */
                health_set(health, HEALTH_TEMPERATURE_C, (int64_t) (raw & 0xff));
                break;
        case 197:
                health_set(health, HEALTH_PENDING_SECTORS, (int64_t) raw);
                break;
        case 198:
                health_set(health, HEALTH_UNCORRECTABLE_SECTORS, (int64_t) raw);
                break;
        }
}

void ata_smart_decode(const void *bytes, size_t size, struct health *health) {
        const uint8_t *p = bytes;
        uint8_t sum = 0;

        if (size < ATA_SMART_SIZE)
                return;

        for (size_t i = 0; i < ATA_SMART_SIZE; i++)
                sum = (uint8_t) (sum + p[i]);
        if (sum != 0)
                return;

        for (size_t i = 0; i < SMART_N_ATTRIBUTES; i++)
                smart_attribute(p + SMART_ATTRIBUTES + i * SMART_ENTRY_SIZE, health);
}

void ata_smart_status_decode(const void *sense, size_t size, struct health *health) {
        const uint8_t *p = sense, *d = p + 8;

        if (size < 22 || (p[0] & 0x7f) != SENSE_DESCRIPTOR || d[0] != DESCRIPTOR_ATA)
                return;

        if (d[9] == 0x4f && d[11] == 0xc2)
                health->known = true;
        else if (d[9] == 0xf4 && d[11] == 0x2c) {
                health->known = health->failing = true;
                health->warnings[health->n_warnings++] = "the drive expects to fail";
        }
}

void scsi_exceptions_decode(const void *page, size_t size, struct health *health) {
        const uint8_t *p = page;

        /* Header of 4, then parameter 0: code, control, length, additional sense code and its qualifier. */
        if (size < 10 || (p[0] & 0x3f) != LOG_EXCEPTIONS || p[4] != 0 || p[5] != 0 || p[7] < 2)
                return;

        health->known = true;
        if (p[8] == ASC_FAILURE_EXPECTED) {
                health->failing = true;
                health->warnings[health->n_warnings++] = "the drive expects to fail";
        } else if (p[8] == ASC_WARNING)
                health->warnings[health->n_warnings++] = "the drive warns of its state";
}

void scsi_temperature_decode(const void *page, size_t size, struct health *health) {
        const uint8_t *p = page;

        /* Parameter 0: the temperature in its second byte, FFh: unknown. */
        if (size >= 10 && (p[0] & 0x3f) == LOG_TEMPERATURE && p[4] == 0 && p[5] == 0 && p[7] >= 2 &&
            p[9] != 0xff)
                health_set(health, HEALTH_TEMPERATURE_C, p[9]);
}

struct request {
        int fd;
        uint8_t cdb[16];
        uint8_t cdb_size;
        bool sense; /* the answer is what came back as sense data */
};

static ssize_t ask(void *userdata, void *buffer, size_t size) {
        struct request *request = userdata;
        uint8_t sense[SENSE_SIZE] = {};
        sg_io_hdr_t io = {
                .interface_id = 'S',
                .dxfer_direction = request->sense ? SG_DXFER_NONE : SG_DXFER_FROM_DEV,
                .cmd_len = request->cdb_size,
                .cmdp = request->cdb,
                .mx_sb_len = sizeof(sense),
                .sbp = sense,
                .timeout = COMMAND_TIMEOUT_MSEC,
                .dxferp = request->sense ? NULL : buffer,
                .dxfer_len = request->sense ? 0 : (unsigned) size,
        };

        memset(buffer, 0, size);
        if (ioctl(request->fd, SG_IO, &io) < 0)
                return -errno;

        if (request->sense) {
                size_t n = MIN(size, (size_t) io.sb_len_wr);

                memcpy(buffer, sense, n);
                return n > 0 ? (ssize_t) n : -EIO;
        }

        return (io.info & SG_INFO_OK_MASK) == SG_INFO_OK ? (ssize_t) (size - (size_t) io.resid) : -EIO;
}

static void ask_ata(const struct inventory_roots *roots, const char *name, int fd, struct health *health) {
        struct request
                data = {.fd = fd,
                        .cdb = {ATA_PASS_THROUGH_16, ATA_PIO_IN, 0x0e, [4] = ATA_SMART_READ_DATA, [6] = 1,
                                [10] = 0x4f, [12] = 0xc2, [14] = ATA_SMART},
                        .cdb_size = 16},
                status = {.fd = fd,
                          .cdb = {ATA_PASS_THROUGH_16, ATA_NON_DATA,
                                  0x20, [4] = ATA_SMART_STATUS, [10] = 0x4f, [12] = 0xc2, [14] = ATA_SMART},
                          .cdb_size = 16,
                          .sense = true};
        uint8_t bytes[ATA_SMART_SIZE], sense[SENSE_SIZE];
        ssize_t n;

        n = answer_read(roots, name, "smart-data", ask, &data, bytes, sizeof(bytes));
        if (n >= 0)
                ata_smart_decode(bytes, (size_t) n, health);

        n = answer_read(roots, name, "smart-status", ask, &status, sense, sizeof(sense));
        if (n >= 0)
                ata_smart_status_decode(sense, (size_t) n, health);
}

static void ask_scsi(const struct inventory_roots *roots, const char *name, int fd, struct health *health) {
        struct request request = {
                .fd = fd,
                .cdb = {LOG_SENSE, [2] = LOG_CURRENT_VALUES | LOG_EXCEPTIONS, [7] = SCSI_LOG_SIZE_MAX >> 8,
                        SCSI_LOG_SIZE_MAX & 0xff},
                .cdb_size = 10};
        uint8_t page[SCSI_LOG_SIZE_MAX];
        ssize_t n;

        n = answer_read(roots, name, "exceptions-log", ask, &request, page, sizeof(page));
        if (n >= 0)
                scsi_exceptions_decode(page, (size_t) n, health);

        request.cdb[2] = LOG_CURRENT_VALUES | LOG_TEMPERATURE;
        n = answer_read(roots, name, "temperature-log", ask, &request, page, sizeof(page));
        if (n >= 0)
                scsi_temperature_decode(page, (size_t) n, health);
}

void scsi_describe(const struct inventory_roots *roots, const char *name, int fd, bool is_ata,
                   struct fields *f) {
        struct health health = {};

        if (is_ata)
                ask_ata(roots, name, fd, &health);
        else
                ask_scsi(roots, name, fd, &health);

        fields_source(f, is_ata ? "ATA SMART of %s" : "SCSI log pages of %s", name);
        health_add(&health, f);
}

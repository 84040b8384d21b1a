/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mkflash: puts OVMF, a BDS driver, a kernel, an initramfs and a command line into one flash image
 * (layout.h). */

#include <errno.h>
#include <error.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "ffs-write.h"
#include "layout.h"
#include "ovmf.h"

struct blob {
        const char *path;
        char *data;
        size_t size;
};

struct options {
        const char *output;
        struct blob code, vars, driver, kernel, initramfs;
        const char *cmdline;
        struct modules drop;
};

static void options_done(struct options *o) {
        free(o->code.data);
        free(o->vars.data);
        free(o->driver.data);
        free(o->kernel.data);
        free(o->initramfs.data);
        modules_done(&o->drop);
}

static int blob_read(struct blob *b) {
        int r = read_file(b->path, FLASH_SIZE, &b->data, &b->size);

        if (r == -EFBIG)
                error(0, 0, "%s: larger than the whole flash of %u bytes", b->path, FLASH_SIZE);
        else if (r < 0)
                error(0, -r, "%s", b->path);
        else if (b->size == 0) {
                error(0, 0, "%s: empty", b->path);
                r = -ENODATA;
        }

        return r;
}

/* Linux, Documentation/x86/boot.rst: a PE image for the firmware's loader, that is a kernel with
 * CONFIG_EFI_STUB. */
static int check_kernel(const struct blob *kernel) {
        if (kernel->size < 0x206 || memcmp(kernel->data + 0x202, "HdrS", 4) != 0) {
                error(0, 0, "%s: no bzImage", kernel->path);
                return -EINVAL;
        }
        if (memcmp(kernel->data, "MZ", 2) != 0) {
                error(0, 0, "%s: built without CONFIG_EFI_STUB, which the firmware needs to start it",
                      kernel->path);
                return -EINVAL;
        }

        return 0;
}

/* The EFI stub takes UTF-16, the driver widens bytes: only ASCII comes through that as it was. */
static int check_cmdline(const char *cmdline) {
        size_t size = strlen(cmdline);

        if (size == 0 || size > CMDLINE_MAX) {
                error(0, 0, "--cmdline: %zu characters, Linux takes 1 to %u", size, CMDLINE_MAX);
                return -EINVAL;
        }

        for (size_t i = 0; i < size; i++)
                if (cmdline[i] < ' ' || cmdline[i] > '~') {
                        error(0, 0, "--cmdline: character %zu is no printable ASCII", i + 1);
                        return -EINVAL;
                }

        return 0;
}

static int read_drop_list(const char *path, struct modules *modules) {
        _cleanup_free_ char *text = NULL;
        unsigned line;
        int r;

        r = read_file(path, 1024 * 1024, &text, NULL);
        if (r < 0) {
                error(0, -r, "%s", path);
                return r;
        }

        r = modules_parse(modules, text, &line);
        if (r == -EBADMSG)
                error(0, 0, "%s:%u: expected a module's GUID and name, each module once", path, line);
        else if (r < 0)
                error(0, -r, "%s", path);

        return r;
}

/* Puts kernel, initramfs and command line into the volume that the BDS driver walks. */
static int write_payload(const struct options *o, uint8_t *data) {
        const struct ffs_section_content kernel[] = {
                {FFS_SECTION_PE32, o->kernel.data, o->kernel.size},
                {FFS_SECTION_USER_INTERFACE, u"Linux", sizeof(u"Linux")},
        };
        const struct ffs_section_content cmdline = {FFS_SECTION_RAW, o->cmdline, strlen(o->cmdline)};
        const struct ffs_section_content initramfs = {FFS_SECTION_RAW, o->initramfs.data, o->initramfs.size};
        size_t room, wanted = o->kernel.size + o->initramfs.size + strlen(o->cmdline);
        struct ffs_writer w;
        int r;

        r = ffs_writer_init(&w, data, PAYLOAD_SIZE, &payload_volume_guid);
        if (r < 0) {
                error(0, -r, "payload volume");
                return r;
        }

        room = w.size - w.used;
        r = ffs_writer_add(&w, &payload_kernel_guid, FFS_FILE_APPLICATION, FFS_ATTRIBUTE_CHECKSUM, kernel,
                           ELEMENTSOF(kernel));
        if (r >= 0)
                r = ffs_writer_add(&w, &payload_cmdline_guid, FFS_FILE_FREEFORM, FFS_ATTRIBUTE_CHECKSUM,
                                   &cmdline, 1);
        if (r >= 0)
                r = ffs_writer_add(&w, &payload_initramfs_guid, FFS_FILE_FREEFORM, FFS_ATTRIBUTE_CHECKSUM,
                                   &initramfs, 1);
        if (r < 0) {
                error(0, 0,
                      "kernel (%zu bytes), initramfs (%zu) and command line (%zu) are %zu bytes, with their "
                      "headers "
                      "more than the %zu that the flash has for them",
                      o->kernel.size, o->initramfs.size, strlen(o->cmdline), wanted, room);
                return r;
        }

        printf("payload   %9zu bytes of %u, %zu free\n", w.used, PAYLOAD_SIZE, w.size - w.used);
        printf("  kernel    %9zu\n", o->kernel.size);
        printf("  initramfs %9zu\n", o->initramfs.size);
        return 0;
}

static int write_firmware(struct options *o, uint8_t *data) {
        enum ovmf_part missing = OVMF_COMPLETE;
        uint8_t *code = data + o->vars.size;
        size_t n_missing = 0;
        int r;

        if (o->vars.size > FIRMWARE_SIZE || o->code.size != FIRMWARE_SIZE - o->vars.size) {
                error(0, 0, "%s and %s: %zu + %zu bytes, not the %u of OVMF's 2M build", o->vars.path,
                      o->code.path, o->vars.size, o->code.size, FIRMWARE_SIZE);
                return -EINVAL;
        }

        memcpy(data, o->vars.data, o->vars.size);
        memcpy(code, o->code.data, o->code.size);

        r = ovmf_repack(code, o->code.size, o->driver.data, o->driver.size, &o->drop, &missing);
        if (r == -ENOENT)
                error(0, 0, "%s: does not hold %s", o->code.path, ovmf_part_to_string(missing));
        else if (r == -ENOSPC)
                error(0, 0, "%s: %s, %zu bytes, does not fit into it", o->code.path, o->driver.path,
                      o->driver.size);
        else if (r < 0)
                error(0, -r, "%s: cannot repack it", o->code.path);
        if (r < 0)
                return r;

        for (size_t i = 0; i < o->drop.n_entries; i++)
                if (!o->drop.entries[i].found) {
                        error(0, 0, "%s: does not hold the module %s that is to be dropped", o->code.path,
                              o->drop.entries[i].name);
                        n_missing++;
                }
        if (n_missing > 0)
                return -ENOENT;

        printf("firmware  %9u bytes, %zu modules dropped\n", FIRMWARE_SIZE, o->drop.n_entries);
        return 0;
}

static int make_image(struct options *o) {
        struct blob *const inputs[] = {&o->code, &o->vars, &o->driver, &o->kernel, &o->initramfs};
        _cleanup_free_ uint8_t *image = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(inputs); i++) {
                r = blob_read(inputs[i]);
                if (r < 0)
                        return r;
        }

        r = check_kernel(&o->kernel);
        if (r >= 0)
                r = check_cmdline(o->cmdline);
        if (r < 0)
                return r;

        image = malloc(FLASH_SIZE);
        if (!image) {
                error(0, ENOMEM, "flash image");
                return -ENOMEM;
        }

        r = write_payload(o, image);
        if (r >= 0)
                r = write_firmware(o, image + PAYLOAD_SIZE);
        if (r < 0)
                return r;

        r = write_file_atomic(o->output, image, FLASH_SIZE, 0644);
        if (r < 0)
                error(0, -r, "%s", o->output);

        return r;
}

static void usage(FILE *f) {
        fprintf(f,
                "Usage: %s -o FLASH --code FILE --vars FILE --bds FILE --kernel BZIMAGE --initramfs FILE\n"
                "               --cmdline TEXT [--drop LIST]...\n"
                "\n"
                "Writes a 16 MiB flash image of OVMF that starts Linux by itself.\n"
                "\n"
                "  -o, --output FLASH    the image\n"
                "  --code FILE           OVMF_CODE.fd of OVMF's 2M build\n"
                "  --vars FILE           OVMF_VARS.fd of the same build\n"
                "  --bds FILE            the driver that takes BdsDxe's place\n"
                "  --kernel BZIMAGE      Linux with CONFIG_EFI_STUB\n"
                "  --initramfs FILE      its initramfs, in any format that the kernel takes\n"
                "  --cmdline TEXT        its command line\n"
                "  --drop LIST           modules of OVMF to leave out: lines of GUID and name\n"
                "  -h, --help            this text\n",
                program_invocation_short_name);
}

int main(int argc, char *argv[]) {
        enum { OPT_CODE = 256, OPT_VARS, OPT_BDS, OPT_KERNEL, OPT_INITRAMFS, OPT_CMDLINE, OPT_DROP };
        static const struct option long_options[] = {
                {"output", required_argument, NULL, 'o'},
                {"code", required_argument, NULL, OPT_CODE},
                {"vars", required_argument, NULL, OPT_VARS},
                {"bds", required_argument, NULL, OPT_BDS},
                {"kernel", required_argument, NULL, OPT_KERNEL},
                {"initramfs", required_argument, NULL, OPT_INITRAMFS},
                {"cmdline", required_argument, NULL, OPT_CMDLINE},
                {"drop", required_argument, NULL, OPT_DROP},
                {"help", no_argument, NULL, 'h'},
                {},
        };
        _cleanup_(options_done) struct options o = {};
        int c;

        while ((c = getopt_long(argc, argv, "o:h", long_options, NULL)) >= 0)
                switch (c) {
                case 'o':
                        o.output = optarg;
                        break;
                case OPT_CODE:
                        o.code.path = optarg;
                        break;
                case OPT_VARS:
                        o.vars.path = optarg;
                        break;
                case OPT_BDS:
                        o.driver.path = optarg;
                        break;
                case OPT_KERNEL:
                        o.kernel.path = optarg;
                        break;
                case OPT_INITRAMFS:
                        o.initramfs.path = optarg;
                        break;
                case OPT_CMDLINE:
                        o.cmdline = optarg;
                        break;
                case OPT_DROP:
                        if (read_drop_list(optarg, &o.drop) < 0)
                                return EXIT_FAILURE;
                        break;
                case 'h':
                        usage(stdout);
                        return EXIT_SUCCESS;
                default:
                        usage(stderr);
                        return EXIT_FAILURE;
                }

        if (optind < argc || !o.output || !o.code.path || !o.vars.path || !o.driver.path || !o.kernel.path ||
            !o.initramfs.path || !o.cmdline) {
                usage(stderr);
                return EXIT_FAILURE;
        }

        return make_image(&o) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The second leg of the memory trial: this agent again, in memory that has passed, to test what it sits on
 * now. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/kept.h"
#include "boot/kexec-place.h"
#include "boot/own-image.h"
#include "initramfs/newc.h"
#include "plan/plan.h"
#include "scripts/flash/layout.h"
#include "stages.h"
#include "trial/memory/leg.h"
#include "trial/memory/physical.h"

/* What kernel and agent live on, and the production OS is loaded into: an eighth, within limits, since both
 * want more on a larger machine. A small one has less to spare. */
#define HOME_SHARE    8
#define HOME_SIZE_MAX (UINT64_C(1) << 30)
#define HOME_SIZE     (UINT64_C(384) << 20)
#define HOME_SIZE_MIN (UINT64_C(128) << 20)

#define COMMAND_LINE_FILE_MAX 4096U

/* Where the second leg finds them in its initramfs. */
#define ORDERS     "/etc/seatrial/orders"
#define ORDERS_MAX 4096U

/* Two headers with their names, the text, padding. */
#define SESSION_ARCHIVE_MAX (KEPT_TEXT_MAX + 512U)

bool second_leg_is_under_way(void) {
        return access(LEG_FOUND, F_OK) == 0;
}

bool second_leg_wanted(const struct voyage *voyage) {
        return plan_has_second_leg(voyage->plan) && access(LEG_LEFT, F_OK) == 0 && !second_leg_is_under_way();
}

static int choose_home(const struct leg *leg, struct ranges *ret) {
        const uint64_t tested = ranges_size(&leg->tested);
        const uint64_t sizes[] = {
                MIN(MAX(tested / HOME_SHARE, HOME_SIZE), HOME_SIZE_MAX),
                MIN(tested / 2, HOME_SIZE),
                HOME_SIZE_MIN,
        };
        int r = -ENOSPC;

        for (size_t i = 0; i < ELEMENTSOF(sizes) && r == -ENOSPC; i++)
                if (sizes[i] >= HOME_SIZE_MIN && sizes[i] <= MAX(tested / 2, HOME_SIZE_MIN))
                        r = leg_choose_home(leg, sizes[i], ret);

        return r;
}

/* The rest of the plan stays what it is; of the trials only this one is not done yet, and no third leg. */
static int make_command_line(const struct ranges *home, char **ret) {
        _cleanup_(ranges_done) struct ranges ram = {};
        _cleanup_free_ char *text = NULL, *line = NULL, *longer = NULL;
        int r;

        r = read_file("/proc/cmdline", COMMAND_LINE_FILE_MAX, &text, NULL);
        if (r < 0)
                return r;

        r = physical_firmware_ram("/sys", &ram);
        if (r < 0)
                return r;

        line = strprintf("%s seatrial.trial.run=memory seatrial.trial.memory.reach=locked", strstrip(text));
        if (!line)
                return -ENOMEM;

        r = leg_command_line(line, &ram, home, &longer);
        if (r < 0)
                return r;
        if (strlen(longer) > CMDLINE_MAX)
                return -E2BIG;

        *ret = TAKE_PTR(longer);
        return 0;
}

static int add_text(struct newc *newc, const char *path, const char *text) {
        return newc_add(newc,
                        &(struct newc_entry){
                                .path = path, .mode = S_IFREG | 0600, .data = text, .size = strlen(text)});
}

/* What the operator wants of this boot, which the BMC no longer knows. Empty when that is nothing. */
static char *orders_text(const struct voyage *voyage) {
        const struct voyage_orders *orders = &voyage->orders;
        _cleanup_json_ json_t *object = NULL;

        if (orders->override == BOOT_OVERRIDE_NONE)
                return strdup("");

        object = json_pack("{s:s, s:s, s:s*}", "override", boot_override_text(orders->override), "from",
                           orders->from ?: "", "uri", orders->uri);
        return object ? json_dumps(object, JSON_COMPACT) : NULL;
}

void second_leg_take_orders(struct voyage *voyage) {
        _cleanup_json_ json_t *orders = NULL;
        _cleanup_free_ char *text = NULL;
        const char *override;

        if (voyage->orders.override != BOOT_OVERRIDE_NONE || read_file(ORDERS, ORDERS_MAX, &text, NULL) < 0)
                return;

        orders = json_loads(text, 0, NULL);
        override = json_get_string(orders, "override");
        if (override)
                voyage_on_boot_override(override, json_get_string(orders, "from") ?: "",
                                        json_get_string(orders, "uri"), voyage);
}

/* An archive with the BMC's session, straight into buffer: it is secret, and no stream is to have another
 * copy. Returns its size, 0 when no session is kept, a negative errno. */
static ssize_t session_archive(char buffer[static SESSION_ARCHIVE_MAX]) {
        char text[KEPT_TEXT_MAX];
        struct newc newc = {};
        size_t size;
        int r;

        r = kept_read_text(KEPT_FILE, text, &size);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        newc.stream = fmemopen(buffer, SESSION_ARCHIVE_MAX, "w");
        if (!newc.stream)
                r = -ENOMEM;
        if (r >= 0) {
                (void) setvbuf(newc.stream, NULL, _IONBF, 0);
                r = newc_add(&newc, &(struct newc_entry){.path = KEPT_HANDED_ON,
                                                         .mode = S_IFREG | 0600,
                                                         .data = text,
                                                         .size = size});
                if (r >= 0)
                        r = newc_finish(&newc);
                fclose(newc.stream);
        }

        explicit_bzero(text, sizeof(text));
        return r < 0 ? r : (ssize_t) newc.written;
}

/* Returns in *ret, which is to be wiped, what data is with the session behind it. */
static int add_session(const char *data, size_t size, char **ret, size_t *ret_size) {
        char archive[SESSION_ARCHIVE_MAX] = {};
        size_t start = (size + 3) / 4 * 4;
        ssize_t n;
        char *all;

        n = session_archive(archive);
        all = n < 0 ? NULL : calloc(1, start + (size_t) n);
        if (all) {
                memcpy(all, data, size);
                memcpy(all + start, archive, (size_t) n);
                *ret = all;
                *ret_size = start + (size_t) n;
        }

        explicit_bzero(archive, sizeof(archive));
        return n < 0 ? (int) n : all ? 0 : -ENOMEM;
}

/* The initramfs with the first leg's files in it: archives follow each other, each at a multiple of four. */
static int make_initrd(const struct voyage *voyage, const struct own_image *image, char **ret,
                       size_t *ret_size) {
        static const uint8_t zeros[4] = {};
        _cleanup_free_ char *data = NULL, *leg = NULL, *orders = orders_text(voyage);
        struct newc newc = {};
        size_t size;
        int r;

        if (!orders)
                return -ENOMEM;

        r = read_file(LEG_LEFT, SIZE_MAX / 2, &leg, NULL);
        if (r < 0)
                return r;

        newc.stream = open_memstream(&data, &size);
        if (!newc.stream)
                return -ENOMEM;

        if (fwrite(image->initramfs, 1, image->initramfs_size, newc.stream) != image->initramfs_size ||
            fwrite(zeros, 1, -image->initramfs_size % sizeof(zeros), newc.stream) !=
                    -image->initramfs_size % sizeof(zeros))
                r = -ENOMEM;
        if (r >= 0)
                r = add_text(&newc, LEG_FOUND, leg);
        if (r >= 0 && *orders)
                r = add_text(&newc, ORDERS, orders);
        if (r >= 0)
                r = newc_finish(&newc);
        fclose(newc.stream);
        if (r < 0)
                return r;

        return add_session(data, size, ret, ret_size);
}

static int load(const struct voyage *voyage, const char **ret_problem) {
        _cleanup_(own_image_done) struct own_image image = {};
        _cleanup_(ranges_done) struct ranges home = {};
        _cleanup_(leg_done) struct leg leg = {};
        _cleanup_free_ char *line = NULL;
        struct kexec_place place = {};
        char *initrd;
        int r;

        *ret_problem = "what the first leg has left cannot be read";
        r = leg_read(LEG_LEFT, &leg);
        if (r < 0)
                return r;

        *ret_problem = "no tested memory lies together in large enough pieces";
        r = choose_home(&leg, &home);
        if (r < 0)
                return r;

        *ret_problem = "the agent's own kernel and initramfs are neither in " OWN_KERNEL " nor in flash";
        r = own_image_read(&image);
        if (r < 0)
                return r;

        *ret_problem = "its command line cannot be made";
        r = make_command_line(&home, &line);
        if (r < 0)
                return r;

        *ret_problem = "its initramfs cannot be made";
        r = make_initrd(voyage, &image, &initrd, &place.initrd_size);
        if (r < 0)
                return r;

        place.kernel = image.kernel;
        place.kernel_size = image.kernel_size;
        place.initrd = (const uint8_t *) initrd;
        place.command_line = line;
        place.start = home.items[0].start;
        place.end = home.items[0].end;
        *ret_problem = "it cannot be loaded";
        r = kexec_place_load(&place);
        explicit_bzero(initrd, place.initrd_size);
        free(initrd);
        return r;
}

int second_leg_load(struct voyage *voyage) {
        const char *problem;
        unsigned step;
        int r, loaded;

        r = journal_step_start(voyage->journal, "second-leg", &step);
        if (r < 0)
                return r;

        loaded = load(voyage, &problem);
        if (loaded >= 0)
                loaded = kept_forget(KEPT_FILE);
        r = loaded < 0
                    ? journal_step_log(voyage->journal, step, "WARNING",
                                       "no second leg of the memory trial: %s: %s", problem,
                                       strerror(-loaded))
                    : journal_step_log(voyage->journal, step, "INFO",
                                       "what this kernel uses is tested next, from memory that has passed");
        if (r < 0)
                return r;

        r = journal_step_end(voyage->journal, step, loaded < 0 ? OCP_SKIP : OCP_COMPLETE);
        return r < 0 ? r : loaded >= 0;
}

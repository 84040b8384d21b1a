/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the account's password is still anywhere in the process once the session has ended, though it is
 * kept in a file for whoever comes next. The process is searched as a whole: the agent's own memory, curl's,
 * OpenSSL's, the allocator's. */

#include <inttypes.h>

#include "bmc/contact.h"
#include "bmc/redfish/redfish.h"
#include "bmc/session.h"
#include "bmc/wait.h"
#include "plan/plan.h"
#include "tests/unit/test-channel-bmc.h"

#define MASK          0x5a
#define PASSWORD_SIZE 16U

/* What the sanitizers know of the memory: no copies of it, and terabytes. */
#define SHADOW_MIN (UINT64_C(1) << 32)

/* So that what is searched for is not what is found. */
static uint8_t masked[PASSWORD_SIZE];

/* fake_exchange() leaves copies of its own in buffers and JSON. */
static int tidy_exchange(struct ipmi *ipmi, struct wait *w, uint8_t netfn, uint8_t command,
                         const void *request, size_t size, uint64_t until,
                         uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        static const char ask[] = "{\"command\":\"bootstrap-account\",\"keepEnabled\":false}\n";
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        static char answer[256];
        const char *name, *password;
        ssize_t n;
        int fd;

        if (netfn != 0x2c || command != 0x02)
                return fake_exchange(ipmi, w, netfn, command, request, size, until, response, ret_size);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", ipmi->name);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(write_all(fd, ask, strlen(ask)), 0);
        n = read(fd, answer, sizeof(answer) - 1);
        close(fd);
        assert_true(n > 0);

        name = strstr(answer, "\"userName\":\"") + STRLEN("\"userName\":\"");
        password = strstr(answer, "\"password\":\"") + STRLEN("\"password\":\"");
        response[0] = 0;
        response[1] = 0x52;
        memcpy(response + 2, name, 16);
        memcpy(response + 18, password, PASSWORD_SIZE);
        for (size_t i = 0; i < PASSWORD_SIZE; i++)
                masked[i] = (uint8_t) (password[i] ^ MASK);
        explicit_bzero(answer, sizeof(answer));
        *ret_size = 34;
        return 0;
}

static const struct ipmi_operations tidy_operations = {.exchange = tidy_exchange, .free = fake_free};

static int open_tidy_ipmi(const char *dev_root, struct ipmi_list *ret) {
        int r = fake_open_ipmi(dev_root, ret);

        if (r >= 0)
                ret->items[0]->operations = &tidy_operations;
        return r;
}

/* Reads through the kernel, so that no register or stack slot of this function ever holds the whole. */
static unsigned count_in(int memory, uint64_t from, uint64_t to) {
        static uint8_t window[64 * 1024 + PASSWORD_SIZE];
        unsigned found = 0;

        for (uint64_t at = from; at < to; at += sizeof(window) - PASSWORD_SIZE) {
                ssize_t n = pread(memory, window, MIN(sizeof(window), (size_t) (to - at)), (off_t) at);

                for (ssize_t i = 0; i + (ssize_t) PASSWORD_SIZE <= n; i++) {
                        size_t k = 0;

                        while (k < PASSWORD_SIZE && (window[i + (ssize_t) k] ^ MASK) == masked[k])
                                k++;
                        found += k == PASSWORD_SIZE;
                }
        }

        explicit_bzero(window, sizeof(window));
        return found;
}

static unsigned count_in_process(void) {
        _cleanup_fclose_ FILE *maps = fopen("/proc/self/maps", "re");
        _cleanup_close_ int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        char line[512], permissions[5];
        unsigned found = 0;
        uint64_t from, to;

        assert_non_null(maps);
        assert_true(memory >= 0);
        while (fgets(line, sizeof(line), maps))
                if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, permissions) == 3 &&
                    permissions[1] == 'w' && to - from < SHADOW_MIN)
                        found += count_in(memory, from, to);
        return found;
}

static void password_is_nowhere_once_the_session_has_ended(void **state _unused_) {
        _cleanup_free_ char *kept = NULL;
        struct contact_environment environment;
        struct contact *contact = NULL;
        struct session session = {};
        struct plan *plan = NULL;
        struct wait w = WAIT_ALONE;
        struct bmc bmc;

        if (!loopback)
                skip();

        assert_int_equal(http_initialize(), 0);
        bmc_new(&bmc);
        environment = bmc_environment(&bmc);
        environment.open_ipmi = open_tidy_ipmi;
        environment.kept = kept = strprintf("%s/kept", bmc.directory);
        assert_int_equal(kept_make(kept, "/nowhere"), 0);
        assert_int_equal(plan_new(&plan), 0);
        assert_int_equal(contact_new(&environment, &w, plan, NULL, NULL, &contact), 0);
        assert_int_equal(contact_read_candidates(contact), 0);
        assert_int_equal(contact_prepare(contact), 0);
        assert_int_equal(contact_connect(contact), 0);
        assert_int_equal(session_open(&session, contact), 0);
        assert_int_equal(contact_find_system(contact), 0);
        assert_int_equal(session_keep(&session, contact, "/entries", false), 0);

        /* As long as the BMC may lose the session it is needed: the search is one that finds. */
        assert_in_range(count_in_process(), 1, 100);

        assert_int_equal(session_end(&session, contact), 0);
        session_done(&session);
        contact = contact_free(contact);
        assert_int_equal(count_in_process(), 0);

        plan_free(plan);
        bmc_done(&bmc);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(password_is_nowhere_once_the_session_has_ended),
        };

        return cmocka_run_group_tests_name("secrets", tests, enter, leave);
}

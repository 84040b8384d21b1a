/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "plan/plan.h"
#include "tests/unit/messages-of.h"
#include "tests/unit/unit.h"
#include "trial/crew.h"
#include "trial/processor/kernels.h"
#include "trial/processor/verdict.h"
#include "trial/trial.h"

#define GENERATOR "agent/trial/processor/golden.py"
#define GOLDEN    "agent/trial/processor/golden.h"

/* The tests run from the top of the source tree. */
static void golden_values_are_what_their_generator_makes(void **state _unused_) {
        _cleanup_free_ char *golden = NULL;
        char made[16384];
        FILE *generator;
        size_t n;

        assert_int_equal(read_file(GOLDEN, sizeof(made) - 1, &golden, NULL), 0);

        generator = popen("/usr/bin/python3 -B " GENERATOR, "r");
        assert_non_null(generator);
        n = fread(made, 1, sizeof(made) - 1, generator);
        assert_int_equal(pclose(generator), 0);

        made[n] = 0;
        assert_string_equal(made, golden);
}

struct fixture {
        struct kernel_data *data;
        struct kernel_space *space;
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        return kernel_data_new(&f->data) < 0 || kernel_space_new(&f->space) < 0 ? -1 : 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        kernel_data_free(f->data);
        kernel_space_free(f->space);
        free(f);
        return 0;
}

static bool is_golden(const struct kernel *kernel, struct fixture *f) {
        uint8_t result[KERNEL_RESULT_MAX];

        assert_true(kernel->size <= sizeof(result));
        assert_int_equal(kernel->run(f->data, f->space, result), 0);
        return memcmp(result, kernel->golden, kernel->size) == 0;
}

static void every_kernel_gives_its_golden_value(void **state) {
        struct fixture *f = *state;

        assert_true(kernel_data_is_golden(f->data));
        for (size_t i = 0; i < n_kernels; i++)
                if (kernels[i].supported()) {
                        assert_true(is_golden(&kernels[i], f));
                        /* What the run before left in the space makes no difference. */
                        assert_true(is_golden(&kernels[i], f));
                }
}

static void one_wrong_bit_of_input_spoils_every_kernel(void **state) {
        struct fixture *f = *state;

        f->data->block[9001] ^= 0x10;
        f->data->a[63][63] *= 1 + 0x1p-52;

        assert_false(kernel_data_is_golden(f->data));
        for (size_t i = 0; i < n_kernels; i++)
                if (kernels[i].supported())
                        assert_false(is_golden(&kernels[i], f));
}

static void what_was_encrypted_decrypts(void **state) {
        struct fixture *f = *state;

        assert_int_equal(kernel_encrypt(f->data, f->space), 0);
        assert_int_equal(kernel_decrypt(f->data, f->space), 1);
}

static void wrong_ciphertext_tag_or_plaintext_is_noticed(void **state) {
        struct fixture *f = *state;

        assert_int_equal(kernel_encrypt(f->data, f->space), 0);
        f->space->output[5000] ^= 1;
        assert_int_equal(kernel_decrypt(f->data, f->space), 0);

        assert_int_equal(kernel_encrypt(f->data, f->space), 0);
        f->space->tag[15] ^= 0x80;
        assert_int_equal(kernel_decrypt(f->data, f->space), 0);

        /* Also a plaintext whose ciphertext has the right tag. */
        assert_int_equal(kernel_encrypt(f->data, f->space), 0);
        f->data->block[0] ^= 1;
        assert_int_equal(kernel_decrypt(f->data, f->space), 0);
}

struct gathering {
        unsigned *processors;
        size_t n;
        atomic_uint n_worked;
        atomic_bool misplaced;
};

static void note_place(size_t index, void *userdata) {
        struct gathering *g = userdata;

        g->n_worked++;
        if (sched_getcpu() != (int) g->processors[index])
                g->misplaced = true;

        if (crew_move(g->processors[g->n - 1 - index]) < 0 ||
            sched_getcpu() != (int) g->processors[g->n - 1 - index])
                g->misplaced = true;
}

static void crew_works_each_on_its_own_processor(void **state _unused_) {
        struct gathering g = {};

        assert_int_equal(crew_processors(&g.processors, &g.n), 0);
        assert_int_equal(g.n, sysconf(_SC_NPROCESSORS_ONLN));
        assert_int_equal(crew_run(g.processors, g.n, note_place, NULL, &g), 0);
        assert_int_equal(g.n_worked, g.n);
        assert_false(g.misplaced);
        free(g.processors);
}

static void crew_on_a_processor_that_is_not_there_does_not_begin(void **state _unused_) {
        unsigned processors[2] = {0, 100000};
        struct gathering g = {.processors = processors, .n = 2};

        assert_int_equal(crew_run(processors, 2, note_place, NULL, &g), -EINVAL);
        assert_int_equal(g.n_worked, 0);
}

/* What processor_report() says of the records, as an array. */
static json_t *report(const struct processor_record *records, size_t n) {
        struct trial_context context = {};
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        context.report_fd = fds[1];
        assert_int_equal(processor_report(&context, records, n, 5 * USEC_PER_SEC), 0);
        close(fds[1]);

        return messages_of(fds[0]);
}

/* The i-th diagnosis from the end. */
static const json_t *diagnosis(const json_t *messages, size_t i) {
        return json_object_get(json_array_get(messages, json_array_size(messages) - 1 - i), "diagnosis");
}

static void right_results_pass_and_say_how_little_that_is(void **state _unused_) {
        const struct processor_record records[] = {{.processor = 0, .rounds = 7},
                                                   {.processor = 1, .rounds = 8}};
        _cleanup_json_ json_t *messages = report(records, 2);

        assert_string_equal(json_get_string(diagnosis(messages, 0), "type"), "PASS");
        assert_string_equal(
                json_get_string(diagnosis(messages, 0), "message"),
                "2 processors, each alone and all together, in 5.0 s, 15 rounds, no difference; a short "
                "pass is weak evidence");
        assert_null(diagnosis(messages, 1));
}

static void each_wrong_processor_is_named(void **state _unused_) {
        const struct processor_record records[] = {
                {.processor = 0, .rounds = 7, .wrong[1] = 3, .wrong[2] = 1},
                {.processor = 1, .rounds = 7},
                {.processor = 5, .rounds = 7, .wrong[0] = 7},
        };
        _cleanup_json_ json_t *messages = report(records, 3);

        assert_string_equal(json_get_string(diagnosis(messages, 1), "type"), "FAIL");
        assert_string_equal(json_get_string(diagnosis(messages, 1), "verdict"), "processor-miscompare");
        assert_string_equal(json_get_string(diagnosis(messages, 1), "message"),
                            "cpu 0 differs from the golden values in SHA-512 (3 of 7), AES-256-GCM (1 of 7)");
        assert_string_equal(json_get_string(diagnosis(messages, 0), "message"),
                            "cpu 5 differs from the golden values in SHA-256 (7 of 7)");
        assert_null(diagnosis(messages, 2));
}

static void wrong_decryption_is_blamed_on_the_one_that_decrypted(void **state _unused_) {
        const struct processor_record records[] = {
                {.processor = 4, .rounds = 9},
                {.processor = 6, .rounds = 9, .wrong_hops = 2},
        };
        _cleanup_json_ json_t *messages = report(records, 2);

        assert_string_equal(
                json_get_string(diagnosis(messages, 0), "message"),
                "cpu 4 differs from the golden values in decryption of what cpu 6 had encrypted (2 of 9)");
        assert_null(diagnosis(messages, 1));
}

static void the_trial_passes_on_a_sound_processor(void **state _unused_) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct trial_context context = {};
        _cleanup_json_ json_t *messages = NULL;
        _cleanup_free_ char *text = NULL;
        int fds[2];

        assert_int_equal(plan_new(&plan), 0);
        assert_int_equal(plan_set(plan, "trial.processor.time", "20ms", "test", &problems), 0);
        assert_int_equal(pipe(fds), 0);

        context = (struct trial_context){.plan = plan, .report_fd = fds[1]};
        assert_int_equal(trial_processor.run(&context), 0);
        close(fds[1]);

        messages = messages_of(fds[0]);
        text = json_dumps(messages, JSON_COMPACT);
        assert_non_null(text);
        assert_non_null(strstr(text, "\"processor-ok\""));
        assert_non_null(strstr(text, "\"rounds\""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(golden_values_are_what_their_generator_makes),
                cmocka_unit_test_setup_teardown(every_kernel_gives_its_golden_value, setup, teardown),
                cmocka_unit_test_setup_teardown(one_wrong_bit_of_input_spoils_every_kernel, setup, teardown),
                cmocka_unit_test_setup_teardown(what_was_encrypted_decrypts, setup, teardown),
                cmocka_unit_test_setup_teardown(wrong_ciphertext_tag_or_plaintext_is_noticed, setup,
                                                teardown),
                cmocka_unit_test(crew_works_each_on_its_own_processor),
                cmocka_unit_test(crew_on_a_processor_that_is_not_there_does_not_begin),
                cmocka_unit_test(right_results_pass_and_say_how_little_that_is),
                cmocka_unit_test(each_wrong_processor_is_named),
                cmocka_unit_test(wrong_decryption_is_blamed_on_the_one_that_decrypted),
                cmocka_unit_test(the_trial_passes_on_a_sound_processor),
        };

        return cmocka_run_group_tests_name("processor", tests, NULL, NULL);
}

/* A sampled PI controller with a limited output and back-calculation against wind-up.
 *
 * At every sampling instant t_k = t_0 + k T_sample, with e = set_point - measurement:
 *
 *   wanted = K_p e + integral
 *   output = min(max(wanted, P_min), P_max)                   held until t_(k+1)
 *   integral += T_sample (K_p / T_i  e + (output - wanted) / T_t)
 *
 * (K. J. Astrom and T. Hagglund, Advanced PID Control, ISA 2006.)
 *
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "slave.h"

#include <math.h>

/* clang-format off */
enum {
    GAIN, INTEGRAL_TIME, TRACKING_TIME, SAMPLE_TIME, OUTPUT_MIN, OUTPUT_MAX,
    SET_POINT, MEASUREMENT,
    CONTROL, INTEGRAL,
    VARIABLES
};

static const struct variable VARIABLE_TABLE[VARIABLES] = {
    [GAIN]          = {PARAMETER, 2000.0},
    [INTEGRAL_TIME] = {PARAMETER, 480.0},
    [TRACKING_TIME] = {PARAMETER, 120.0},
    [SAMPLE_TIME]   = {PARAMETER, 5.0},
    [OUTPUT_MIN]    = {PARAMETER, 0.0},
    [OUTPUT_MAX]    = {PARAMETER, 12000.0},
    [SET_POINT]     = {INPUT, 293.15},
    [MEASUREMENT]   = {INPUT, 293.15},
    [CONTROL]       = {OUTPUT, 0.0},
    [INTEGRAL]      = {OUTPUT, 0.0},
};
/* clang-format on */

enum { START_TIME, SAMPLES };

static const char *complaint(const double v[]) {
    if (v[INTEGRAL_TIME] <= 0 || v[TRACKING_TIME] <= 0 || v[SAMPLE_TIME] <= 0)
        return "T_i, T_t and T_sample must be above zero";
    if (v[OUTPUT_MIN] > v[OUTPUT_MAX]) return "P_min must not be above P_max";
    return 0;
}

static void start(double v[], double memory[], double time) {
    v[INTEGRAL] = 0;
    v[CONTROL] = fmin(fmax(0, v[OUTPUT_MIN]), v[OUTPUT_MAX]);
    memory[START_TIME] = time;
    memory[SAMPLES] = 0;
}

static void sample(double v[]) {
    double error = v[SET_POINT] - v[MEASUREMENT];
    double wanted = v[GAIN] * error + v[INTEGRAL];
    v[CONTROL] = fmin(fmax(wanted, v[OUTPUT_MIN]), v[OUTPUT_MAX]);
    v[INTEGRAL] += v[SAMPLE_TIME] * (v[GAIN] / v[INTEGRAL_TIME] * error +
                                     (v[CONTROL] - wanted) / v[TRACKING_TIME]);
}

/* Samples at every instant in [time, time + step): the one at the end belongs to the next step,
 * which brings the inputs of that instant. Instants are counted, so rounding cannot add up. */
static const char *step(double v[], double memory[], double time, double step) {
    double end = time + step - 1e-9 * fmax(1.0, fabs(time + step));
    while (memory[START_TIME] + memory[SAMPLES] * v[SAMPLE_TIME] < end) {
        sample(v);
        memory[SAMPLES] += 1;
    }
    return 0;
}

const struct model MODEL = {
    .guid = "{ecdc5a5f-d67e-4bb2-a3c8-e92c20a790f4}",
    .variables = VARIABLE_TABLE,
    .count = VARIABLES,
    .complaint = complaint,
    .start = start,
    .step = step,
};

/* y' = gain * u, solved exactly for an input that is held during a step. */
#include "slave.h"

enum { GAIN, INPUT_U, OUTPUT_Y, VARIABLES };

static const struct variable VARIABLE_TABLE[VARIABLES] = {
    [GAIN] = {PARAMETER, 1.0},
    [INPUT_U] = {INPUT, 1.0},
    [OUTPUT_Y] = {OUTPUT, 0.0},
};

static const char *complaint(const double v[]) { return v[GAIN] < 0 ? "gain is below zero" : 0; }

static void start(double v[], double memory[], double time) {
    (void)memory;
    (void)time;
    v[OUTPUT_Y] = 0;
}

static const char *step(double v[], double memory[], double time, double step) {
    (void)memory;
    (void)time;
    v[OUTPUT_Y] += step * v[GAIN] * v[INPUT_U];
    return 0;
}

const struct model MODEL = {
    .guid = "{7f1d2a3e-0f4e-4a55-9d0c-3d4f6f1d7c11}",
    .variables = VARIABLE_TABLE,
    .count = VARIABLES,
    .complaint = complaint,
    .start = start,
    .step = step,
};

/* A stirred tank with an electric immersion heater and a thermometer in a pocket.
 *
 *   m c dT_water/dt     = m_flow c (T_inlet - T_water) + G_heater (T_heater - T_water)
 *                                                      - G_loss   (T_water - T_ambient)
 *   C_heater dT_heater/dt = P - G_heater (T_heater - T_water)
 *   tau dT_sensor/dt      = T_water - T_sensor
 *
 * Inputs are constant during a step, so the equations are linear with constant coefficients. They
 * are integrated by the classical Runge-Kutta method of order 4.
 *
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "slave.h"

#include <math.h>

/* clang-format off */
enum {
    WATER_MASS, SPECIFIC_HEAT, HEATER_CAPACITY, HEATER_CONDUCTANCE, LOSS_CONDUCTANCE,
    SENSOR_TIME_CONSTANT, START_TEMPERATURE,
    POWER, FLOW, INLET, AMBIENT,
    WATER, HEATER, SENSOR,
    VARIABLES
};

static const struct variable VARIABLE_TABLE[VARIABLES] = {
    [WATER_MASS]           = {PARAMETER, 60.0},
    [SPECIFIC_HEAT]        = {PARAMETER, 4186.0},
    [HEATER_CAPACITY]      = {PARAMETER, 3000.0},
    [HEATER_CONDUCTANCE]   = {PARAMETER, 250.0},
    [LOSS_CONDUCTANCE]     = {PARAMETER, 2.5},
    [SENSOR_TIME_CONSTANT] = {PARAMETER, 15.0},
    [START_TEMPERATURE]    = {PARAMETER, 293.15},
    [POWER]                = {INPUT, 0.0},
    [FLOW]                 = {INPUT, 0.0},
    [INLET]                = {INPUT, 285.15},
    [AMBIENT]              = {INPUT, 293.15},
    [WATER]                = {OUTPUT, 0.0},
    [HEATER]               = {OUTPUT, 0.0},
    [SENSOR]               = {OUTPUT, 0.0},
};
/* clang-format on */

/* Longest sub-step times the norm of the system matrix; at 2.8 the method would turn unstable. */
static const double MAX_SCALED_SUBSTEP = 0.1;
static const double MAX_SUBSTEPS = 1e7;

static const char *complaint(const double v[]) {
    for (int i = WATER_MASS; i <= SENSOR_TIME_CONSTANT; i++)
        if (i != LOSS_CONDUCTANCE && v[i] <= 0)
            return "m, c, C_heater, G_heater and tau_sensor must be above zero";
    if (v[LOSS_CONDUCTANCE] < 0) return "G_loss must not be negative";
    if (v[FLOW] < 0) return "m_flow must not be negative: water cannot flow back into the inlet";
    if (v[START_TEMPERATURE] <= 0 || v[INLET] <= 0 || v[AMBIENT] <= 0)
        return "temperatures are in kelvin and must be above zero";
    return 0;
}

static void start(double v[], double memory[], double time) {
    (void)memory, (void)time;
    v[WATER] = v[HEATER] = v[SENSOR] = v[START_TEMPERATURE];
}

/* Derivatives of water, heater and sensor temperature in this order. */
static void derive(const double v[], const double x[3], double dx[3]) {
    double to_water = v[HEATER_CONDUCTANCE] * (x[1] - x[0]);
    double to_room = v[LOSS_CONDUCTANCE] * (x[0] - v[AMBIENT]);
    double inflow = v[FLOW] * v[SPECIFIC_HEAT] * (v[INLET] - x[0]);
    dx[0] = (inflow + to_water - to_room) / (v[WATER_MASS] * v[SPECIFIC_HEAT]);
    dx[1] = (v[POWER] - to_water) / v[HEATER_CAPACITY];
    dx[2] = (x[0] - x[2]) / v[SENSOR_TIME_CONSTANT];
}

static void runge_kutta(const double v[], double x[3], double h) {
    double k1[3], k2[3], k3[3], k4[3], y[3];
    derive(v, x, k1);
    for (int i = 0; i < 3; i++) y[i] = x[i] + h / 2 * k1[i];
    derive(v, y, k2);
    for (int i = 0; i < 3; i++) y[i] = x[i] + h / 2 * k2[i];
    derive(v, y, k3);
    for (int i = 0; i < 3; i++) y[i] = x[i] + h * k3[i];
    derive(v, y, k4);
    for (int i = 0; i < 3; i++) x[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
}

/* The infinity norm (largest row sum) of the system matrix in 1/s: no eigenvalue is larger. */
static double matrix_norm(const double v[]) {
    double water = v[FLOW] / v[WATER_MASS] + (2 * v[HEATER_CONDUCTANCE] + v[LOSS_CONDUCTANCE]) /
                                                 (v[WATER_MASS] * v[SPECIFIC_HEAT]);
    double heater = 2 * v[HEATER_CONDUCTANCE] / v[HEATER_CAPACITY];
    return fmax(fmax(water, heater), 2 / v[SENSOR_TIME_CONSTANT]);
}

static const char *step(double v[], double memory[], double time, double step) {
    (void)memory, (void)time;
    double count = ceil(step * matrix_norm(v) / MAX_SCALED_SUBSTEP);
    if (!(count <= MAX_SUBSTEPS)) return "the step is too long for these parameters";
    double x[3] = {v[WATER], v[HEATER], v[SENSOR]};
    for (long i = 0; i < (long)count; i++) runge_kutta(v, x, step / count);
    v[WATER] = x[0], v[HEATER] = x[1], v[SENSOR] = x[2];
    return 0;
}

const struct model MODEL = {
    .guid = "{463b4200-2555-49bd-b81d-8278375f2f7f}",
    .variables = VARIABLE_TABLE,
    .count = VARIABLES,
    .complaint = complaint,
    .start = start,
    .step = step,
};

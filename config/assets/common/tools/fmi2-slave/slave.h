/* What a model provides, so that slave.c makes a co-simulation FMU of it.
 *
 * A model has real variables only. The value reference of a variable is its index in the table, and
 * the table repeats causality and start value of modelDescription.xml.
 *
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef SLAVE_H
#define SLAVE_H

#include <stddef.h>

enum { SLAVE_MAX_VARIABLES = 32, SLAVE_MAX_MEMORY = 4 };

enum causality { PARAMETER, INPUT, OUTPUT, LOCAL };

struct variable {
    enum causality causality;
    double start; /* outputs and locals are calculated: theirs is not used */
};

struct model {
    const char *guid;
    const struct variable *variables;
    size_t count;

    /* Says what is wrong with parameters and inputs, or returns NULL. Asked when initialization
     * ends and before every step. */
    const char *(*complaint)(const double values[]);

    /* Computes outputs, locals and memory at the start time from parameters and inputs. */
    void (*start)(double values[], double memory[], double time);

    /* Carries everything from time to time + step while the inputs keep their values. Returns NULL,
     * or says why it cannot; then the values no longer count. */
    const char *(*step)(double values[], double memory[], double time, double step);
};

extern const struct model MODEL;

#endif

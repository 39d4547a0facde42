/* The FMI 2.0 co-simulation functions for any model described by slave.h.
 *
 * Section numbers are those of FMI 2.0.4. A call that the state machine of 4.2.4 does not allow, a
 * value reference that does not exist and a variable that may not be set return fmi2Error; from
 * then on only fmi2Reset, fmi2SetFMUstate and fmi2FreeInstance help, as the standard asks.
 *
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "fmi2.h"
#include "slave.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase {
    INSTANTIATED = 1,
    INITIALIZING = 2,
    STEPPING = 4, /* "slaveInitialized": a step is complete whenever a call can arrive */
    TERMINATED = 8,
    FAILED = 16
};

/* Everything that fmi2GetFMUstate keeps. */
struct state {
    enum phase phase;
    double time, stop_time;
    bool has_stop_time;
    double values[SLAVE_MAX_VARIABLES];
    double memory[SLAVE_MAX_MEMORY];
};

struct slave {
    fmi2CallbackFunctions callbacks;
    bool logging;
    char *name;
    struct state now;
};

static void set_start_values(struct state *state) {
    memset(state, 0, sizeof *state);
    state->phase = INSTANTIATED;
    for (size_t i = 0; i < MODEL.count; i++) state->values[i] = MODEL.variables[i].start;
}

/* Reports an error and leaves the state machine's normal states. The message is complete before it
 * is handed over and holds no '%': not every environment expands printf formats. */
static fmi2Status fail(struct slave *slave, const char *format, ...) {
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    slave->now.phase = FAILED;
    if (slave->logging && slave->callbacks.logger)
        slave->callbacks.logger(slave->callbacks.componentEnvironment, slave->name, fmi2Error,
                                "logStatusError", message);
    return fmi2Error;
}

static bool is_allowed(struct slave *slave, const char *call, int phases) {
    if (slave->now.phase & phases) return true;
    fail(slave, "%s is not allowed now (state machine of FMI 2.0, section 4.2.4)", call);
    return false;
}

/* ---- 2.1.4, 2.1.5: version and life of an instance ---- */

const char *FMI2_NAME(fmi2GetTypesPlatform)(void) { return fmi2TypesPlatform; }

const char *FMI2_NAME(fmi2GetVersion)(void) { return fmi2Version; }

fmi2Status FMI2_NAME(fmi2SetDebugLogging)(fmi2Component component, fmi2Boolean on, size_t count,
                                          const fmi2String categories[]) {
    struct slave *slave = component;
    for (size_t i = 0; i < count; i++)
        if (strcmp(categories[i], "logStatusError") != 0)
            return fail(slave, "there is no log category but logStatusError");
    slave->logging = on;
    return fmi2OK;
}

fmi2Component FMI2_NAME(fmi2Instantiate)(fmi2String name, fmi2Type type, fmi2String guid,
                                         fmi2String resources,
                                         const fmi2CallbackFunctions *callbacks,
                                         fmi2Boolean visible, fmi2Boolean logging) {
    (void)resources, (void)visible;
    if (!name || !*name || !guid || !callbacks) return NULL;
    if (type != fmi2CoSimulation || strcmp(guid, MODEL.guid) != 0) {
        if (logging && callbacks->logger)
            callbacks->logger(callbacks->componentEnvironment, name, fmi2Error, "logStatusError",
                              type == fmi2CoSimulation
                                  ? "the GUID in modelDescription.xml is not the one of the binary"
                                  : "this FMU is for co-simulation only");
        return NULL;
    }
    struct slave *slave = calloc(1, sizeof *slave);
    char *copy = malloc(strlen(name) + 1);
    if (!slave || !copy) {
        free(slave);
        free(copy);
        return NULL;
    }
    slave->name = strcpy(copy, name);
    slave->callbacks = *callbacks;
    slave->logging = logging;
    set_start_values(&slave->now);
    return slave;
}

void FMI2_NAME(fmi2FreeInstance)(fmi2Component component) {
    struct slave *slave = component;
    if (!slave) return;
    free(slave->name);
    free(slave);
}

/* ---- 2.1.6: initialization, termination, reset ---- */

fmi2Status FMI2_NAME(fmi2SetupExperiment)(fmi2Component component, fmi2Boolean has_tolerance,
                                          fmi2Real tolerance, fmi2Real start_time,
                                          fmi2Boolean has_stop_time, fmi2Real stop_time) {
    struct slave *slave = component;
    (void)has_tolerance, (void)tolerance; /* the accuracy of the sub-steps is fixed */
    if (!is_allowed(slave, "fmi2SetupExperiment", INSTANTIATED)) return fmi2Error;
    if (!isfinite(start_time) || (has_stop_time && !(stop_time > start_time)))
        return fail(slave, "the stop time %.9g s must lie after the start time %.9g s", stop_time,
                    start_time);
    slave->now.time = start_time;
    slave->now.stop_time = stop_time;
    slave->now.has_stop_time = has_stop_time;
    return fmi2OK;
}

static void start_model(struct state *state) {
    MODEL.start(state->values, state->memory, state->time);
}

fmi2Status FMI2_NAME(fmi2EnterInitializationMode)(fmi2Component component) {
    struct slave *slave = component;
    if (!is_allowed(slave, "fmi2EnterInitializationMode", INSTANTIATED)) return fmi2Error;
    slave->now.phase = INITIALIZING;
    start_model(&slave->now);
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2ExitInitializationMode)(fmi2Component component) {
    struct slave *slave = component;
    if (!is_allowed(slave, "fmi2ExitInitializationMode", INITIALIZING)) return fmi2Error;
    const char *complaint = MODEL.complaint(slave->now.values);
    if (complaint) return fail(slave, "%s", complaint);
    start_model(&slave->now);
    slave->now.phase = STEPPING;
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2Terminate)(fmi2Component component) {
    struct slave *slave = component;
    if (!is_allowed(slave, "fmi2Terminate", STEPPING)) return fmi2Error;
    slave->now.phase = TERMINATED;
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2Reset)(fmi2Component component) {
    struct slave *slave = component;
    set_start_values(&slave->now);
    return fmi2OK;
}

/* ---- 2.1.7: values ---- */

fmi2Status FMI2_NAME(fmi2GetReal)(fmi2Component component, const fmi2ValueReference references[],
                                  size_t count, fmi2Real values[]) {
    struct slave *slave = component;
    if (!is_allowed(slave, "fmi2GetReal", INITIALIZING | STEPPING | TERMINATED)) return fmi2Error;
    for (size_t i = 0; i < count; i++) {
        if (references[i] >= MODEL.count)
            return fail(slave, "fmi2GetReal: no real variable has the value reference %u",
                        references[i]);
        values[i] = slave->now.values[references[i]];
    }
    return fmi2OK;
}

/* Parameters are fixed: they can be set until initialization ends; inputs always. */
static bool may_set(const struct slave *slave, fmi2ValueReference reference) {
    enum causality causality = MODEL.variables[reference].causality;
    return causality == INPUT || (causality == PARAMETER && slave->now.phase != STEPPING);
}

fmi2Status FMI2_NAME(fmi2SetReal)(fmi2Component component, const fmi2ValueReference references[],
                                  size_t count, const fmi2Real values[]) {
    struct slave *slave = component;
    if (!is_allowed(slave, "fmi2SetReal", INSTANTIATED | INITIALIZING | STEPPING)) return fmi2Error;
    for (size_t i = 0; i < count; i++) {
        if (references[i] >= MODEL.count)
            return fail(slave, "fmi2SetReal: no real variable has the value reference %u",
                        references[i]);
        if (!may_set(slave, references[i]))
            return fail(slave, "fmi2SetReal: value reference %u cannot be set now", references[i]);
        if (!isfinite(values[i]))
            return fail(slave, "fmi2SetReal: the value for reference %u is not finite",
                        references[i]);
        slave->now.values[references[i]] = values[i];
    }
    if (slave->now.phase == INITIALIZING) start_model(&slave->now);
    return fmi2OK;
}

/* There are no variables of the other types, so only an empty list can be right. */
#define NO_VARIABLES_OF(Type)                                                                      \
    fmi2Status FMI2_NAME(fmi2Get##Type)(fmi2Component component, const fmi2ValueReference r[],     \
                                        size_t count, fmi2##Type v[]) {                            \
        (void)r, (void)v;                                                                          \
        return count ? fail(component, "fmi2Get" #Type ": there is no such variable") : fmi2OK;    \
    }                                                                                              \
    fmi2Status FMI2_NAME(fmi2Set##Type)(fmi2Component component, const fmi2ValueReference r[],     \
                                        size_t count, const fmi2##Type v[]) {                      \
        (void)r, (void)v;                                                                          \
        return count ? fail(component, "fmi2Set" #Type ": there is no such variable") : fmi2OK;    \
    }
NO_VARIABLES_OF(Integer)
NO_VARIABLES_OF(Boolean)
NO_VARIABLES_OF(String)

/* ---- 2.1.8: the complete state ---- */

fmi2Status FMI2_NAME(fmi2GetFMUstate)(fmi2Component component, fmi2FMUstate *copy) {
    struct slave *slave = component;
    if (!is_allowed(slave, "fmi2GetFMUstate", INSTANTIATED | INITIALIZING | STEPPING | TERMINATED))
        return fmi2Error;
    if (!*copy) *copy = calloc(1, sizeof(struct state));
    if (!*copy) return fail(slave, "fmi2GetFMUstate: out of memory");
    memcpy(*copy, &slave->now, sizeof(struct state));
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2SetFMUstate)(fmi2Component component, fmi2FMUstate copy) {
    struct slave *slave = component;
    if (!copy) return fail(slave, "fmi2SetFMUstate: no state is given");
    memcpy(&slave->now, copy, sizeof(struct state));
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2FreeFMUstate)(fmi2Component component, fmi2FMUstate *copy) {
    (void)component;
    if (!copy) return fmi2OK;
    free(*copy);
    *copy = NULL;
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2SerializedFMUstateSize)(fmi2Component component, fmi2FMUstate copy,
                                                 size_t *size) {
    (void)component, (void)copy;
    *size = sizeof(struct state);
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2SerializeFMUstate)(fmi2Component component, fmi2FMUstate copy,
                                            fmi2Byte bytes[], size_t size) {
    if (!copy || size < sizeof(struct state))
        return fail(component, "fmi2SerializeFMUstate: the buffer is too small");
    memcpy(bytes, copy, sizeof(struct state));
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2DeSerializeFMUstate)(fmi2Component component, const fmi2Byte bytes[],
                                              size_t size, fmi2FMUstate *copy) {
    if (size != sizeof(struct state))
        return fail(component, "fmi2DeSerializeFMUstate: these bytes are no state of this FMU");
    if (!*copy) *copy = calloc(1, sizeof(struct state));
    if (!*copy) return fail(component, "fmi2DeSerializeFMUstate: out of memory");
    memcpy(*copy, bytes, sizeof(struct state));
    return fmi2OK;
}

/* ---- 2.1.9, 4.2.1: not offered, and modelDescription.xml says so ---- */

fmi2Status FMI2_NAME(fmi2GetDirectionalDerivative)(fmi2Component component,
                                                   const fmi2ValueReference unknowns[], size_t u,
                                                   const fmi2ValueReference knowns[], size_t k,
                                                   const fmi2Real seed[], fmi2Real sensitivity[]) {
    (void)unknowns, (void)u, (void)knowns, (void)k, (void)seed, (void)sensitivity;
    return fail(component, "fmi2GetDirectionalDerivative is not offered");
}

fmi2Status FMI2_NAME(fmi2SetRealInputDerivatives)(fmi2Component component,
                                                  const fmi2ValueReference r[], size_t count,
                                                  const fmi2Integer order[], const fmi2Real v[]) {
    (void)r, (void)count, (void)order, (void)v;
    return fail(component, "fmi2SetRealInputDerivatives is not offered: inputs are held");
}

fmi2Status FMI2_NAME(fmi2GetRealOutputDerivatives)(fmi2Component component,
                                                   const fmi2ValueReference r[], size_t count,
                                                   const fmi2Integer order[], fmi2Real v[]) {
    (void)r, (void)count, (void)order, (void)v;
    return fail(component, "fmi2GetRealOutputDerivatives is not offered");
}

/* ---- 4.2.2, 4.2.3: computation and status ---- */

fmi2Status FMI2_NAME(fmi2DoStep)(fmi2Component component, fmi2Real point, fmi2Real step,
                                 fmi2Boolean keeps_state) {
    struct slave *slave = component;
    struct state *now = &slave->now;
    (void)keeps_state;
    if (!is_allowed(slave, "fmi2DoStep", STEPPING)) return fmi2Error;
    if (!(step > 0) || !isfinite(step))
        return fail(slave, "fmi2DoStep: the step is %.9g s and must be above zero", step);
    double tolerance = 1e-9 * fmax(1.0, fabs(now->time)); /* rounding of the master's clock */
    if (!(fabs(point - now->time) <= tolerance))
        return fail(slave, "fmi2DoStep: starts at %.9g s, but the slave is at %.9g s", point,
                    now->time);
    if (now->has_stop_time && point + step > now->stop_time + tolerance)
        return fail(slave, "fmi2DoStep: ends at %.9g s, after the stop time %.9g s", point + step,
                    now->stop_time);
    const char *complaint = MODEL.complaint(now->values);
    if (!complaint) complaint = MODEL.step(now->values, now->memory, point, step);
    if (complaint) return fail(slave, "at %.9g s: %s", point, complaint);
    now->time = point + step;
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2CancelStep)(fmi2Component component) {
    return fail(component, "fmi2CancelStep: no step is pending, steps are synchronous");
}

fmi2Status FMI2_NAME(fmi2GetRealStatus)(fmi2Component component, fmi2StatusKind kind,
                                        fmi2Real *value) {
    const struct slave *slave = component;
    if (kind != fmi2LastSuccessfulTime) return fmi2Discard;
    *value = slave->now.time;
    return fmi2OK;
}

fmi2Status FMI2_NAME(fmi2GetBooleanStatus)(fmi2Component component, fmi2StatusKind kind,
                                           fmi2Boolean *value) {
    (void)component;
    if (kind != fmi2Terminated) return fmi2Discard;
    *value = fmi2False; /* neither model ends a simulation by itself */
    return fmi2OK;
}

/* Steps are synchronous, so nothing is ever pending: the rest has no answer. */
#define NO_STATUS_OF(Name, Type)                                                                   \
    fmi2Status FMI2_NAME(fmi2Get##Name)(fmi2Component component, fmi2StatusKind kind,              \
                                        Type *value) {                                             \
        (void)component, (void)kind, (void)value;                                                  \
        return fmi2Discard;                                                                        \
    }
NO_STATUS_OF(Status, fmi2Status)
NO_STATUS_OF(IntegerStatus, fmi2Integer)
NO_STATUS_OF(StringStatus, fmi2String)

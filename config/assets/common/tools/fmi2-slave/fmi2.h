/* The C interface of FMI 2.0 for co-simulation.
 *
 * Written from the "Functional Mock-up Interface for Model Exchange and Co-Simulation",
 * version 2.0.4 (2022-12-01), https://fmi-standard.org: types from section 2.1.2, status and
 * common functions from 2.1.3 to 2.1.9, co-simulation functions from 4.2.
 *
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef FMI2_H
#define FMI2_H

#include <stddef.h>

#define fmi2TypesPlatform "default"
#define fmi2Version "2.0"

/* A tool that links the sources of several FMUs into one program defines FMI2_FUNCTION_PREFIX as
 * `<modelIdentifier>_` for each of them (section 2.1.1); a shared library has no prefix. */
#ifdef FMI2_FUNCTION_PREFIX
#define FMI2_PASTE(a, b) a##b
#define FMI2_PREFIXED(a, b) FMI2_PASTE(a, b)
#define FMI2_NAME(name) FMI2_PREFIXED(FMI2_FUNCTION_PREFIX, name)
#define FMI2_EXPORT
#else
#define FMI2_NAME(name) name
#ifdef _WIN32
#define FMI2_EXPORT __declspec(dllexport)
#else
#define FMI2_EXPORT __attribute__((visibility("default")))
#endif
#endif

typedef void *fmi2Component;
typedef void *fmi2ComponentEnvironment;
typedef void *fmi2FMUstate;
typedef unsigned int fmi2ValueReference;
typedef double fmi2Real;
typedef int fmi2Integer;
typedef int fmi2Boolean;
typedef char fmi2Char;
typedef const fmi2Char *fmi2String;
typedef char fmi2Byte;

#define fmi2True 1
#define fmi2False 0

typedef enum { fmi2OK, fmi2Warning, fmi2Discard, fmi2Error, fmi2Fatal, fmi2Pending } fmi2Status;
typedef enum { fmi2ModelExchange, fmi2CoSimulation } fmi2Type;
typedef enum {
    fmi2DoStepStatus,
    fmi2PendingStatus,
    fmi2LastSuccessfulTime,
    fmi2Terminated
} fmi2StatusKind;

typedef void (*fmi2CallbackLogger)(fmi2ComponentEnvironment, fmi2String instance, fmi2Status,
                                   fmi2String category, fmi2String message, ...);
typedef void *(*fmi2CallbackAllocateMemory)(size_t count, size_t size);
typedef void (*fmi2CallbackFreeMemory)(void *);
typedef void (*fmi2StepFinished)(fmi2ComponentEnvironment, fmi2Status);

typedef struct {
    fmi2CallbackLogger logger;
    fmi2CallbackAllocateMemory allocateMemory;
    fmi2CallbackFreeMemory freeMemory;
    fmi2StepFinished stepFinished;
    fmi2ComponentEnvironment componentEnvironment;
} fmi2CallbackFunctions;

#define FMI2(type, name, ...) FMI2_EXPORT type FMI2_NAME(name)(__VA_ARGS__)

/* 2.1.4 platform and version, 2.1.5 life of an instance */
FMI2(const char *, fmi2GetTypesPlatform, void);
FMI2(const char *, fmi2GetVersion, void);
FMI2(fmi2Status, fmi2SetDebugLogging, fmi2Component, fmi2Boolean, size_t, const fmi2String[]);
FMI2(fmi2Component, fmi2Instantiate, fmi2String name, fmi2Type, fmi2String guid,
     fmi2String resources, const fmi2CallbackFunctions *, fmi2Boolean visible, fmi2Boolean logging);
FMI2(void, fmi2FreeInstance, fmi2Component);

/* 2.1.6 initialization, termination, reset */
FMI2(fmi2Status, fmi2SetupExperiment, fmi2Component, fmi2Boolean has_tolerance, fmi2Real tolerance,
     fmi2Real start_time, fmi2Boolean has_stop_time, fmi2Real stop_time);
FMI2(fmi2Status, fmi2EnterInitializationMode, fmi2Component);
FMI2(fmi2Status, fmi2ExitInitializationMode, fmi2Component);
FMI2(fmi2Status, fmi2Terminate, fmi2Component);
FMI2(fmi2Status, fmi2Reset, fmi2Component);

/* 2.1.7 values */
#define FMI2_ACCESSORS(Type)                                                                       \
    FMI2(fmi2Status, fmi2Get##Type, fmi2Component, const fmi2ValueReference[], size_t,             \
         fmi2##Type[]);                                                                            \
    FMI2(fmi2Status, fmi2Set##Type, fmi2Component, const fmi2ValueReference[], size_t,             \
         const fmi2##Type[])
FMI2_ACCESSORS(Real);
FMI2_ACCESSORS(Integer);
FMI2_ACCESSORS(Boolean);
FMI2_ACCESSORS(String);

/* 2.1.8 the complete state, 2.1.9 partial derivatives */
FMI2(fmi2Status, fmi2GetFMUstate, fmi2Component, fmi2FMUstate *);
FMI2(fmi2Status, fmi2SetFMUstate, fmi2Component, fmi2FMUstate);
FMI2(fmi2Status, fmi2FreeFMUstate, fmi2Component, fmi2FMUstate *);
FMI2(fmi2Status, fmi2SerializedFMUstateSize, fmi2Component, fmi2FMUstate, size_t *);
FMI2(fmi2Status, fmi2SerializeFMUstate, fmi2Component, fmi2FMUstate, fmi2Byte[], size_t);
FMI2(fmi2Status, fmi2DeSerializeFMUstate, fmi2Component, const fmi2Byte[], size_t, fmi2FMUstate *);
FMI2(fmi2Status, fmi2GetDirectionalDerivative, fmi2Component, const fmi2ValueReference[], size_t,
     const fmi2ValueReference[], size_t, const fmi2Real[], fmi2Real[]);

/* 4.2.1 derivatives of inputs and outputs, 4.2.2 computation, 4.2.3 status */
FMI2(fmi2Status, fmi2SetRealInputDerivatives, fmi2Component, const fmi2ValueReference[], size_t,
     const fmi2Integer[], const fmi2Real[]);
FMI2(fmi2Status, fmi2GetRealOutputDerivatives, fmi2Component, const fmi2ValueReference[], size_t,
     const fmi2Integer[], fmi2Real[]);
FMI2(fmi2Status, fmi2DoStep, fmi2Component, fmi2Real point, fmi2Real step, fmi2Boolean keeps_state);
FMI2(fmi2Status, fmi2CancelStep, fmi2Component);
FMI2(fmi2Status, fmi2GetStatus, fmi2Component, fmi2StatusKind, fmi2Status *);
FMI2(fmi2Status, fmi2GetRealStatus, fmi2Component, fmi2StatusKind, fmi2Real *);
FMI2(fmi2Status, fmi2GetIntegerStatus, fmi2Component, fmi2StatusKind, fmi2Integer *);
FMI2(fmi2Status, fmi2GetBooleanStatus, fmi2Component, fmi2StatusKind, fmi2Boolean *);
FMI2(fmi2Status, fmi2GetStringStatus, fmi2Component, fmi2StatusKind, fmi2String *);

#endif

#ifndef PAMKIT_H
#define PAMKIT_H

#include <stddef.h>
#include <stdint.h>

/* pamkit for C (C99): operations on encodings, bit for bit as docs/specification.md fixes them, from the vector
 * kernels and from the golden model. Link libpamkit (CMake: pamkit::c).
 *
 * An encoding of any format travels in a uint32_t, its upper bits zero. Arrays are dense, matrices row-major.
 * Everything here may be called from several threads at once; a context never changes. No function prints, exits
 * or throws; every one that can fail returns a status, and then has written nothing to its results. */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PAMKIT_API __attribute__((visibility("default")))
#else
#define PAMKIT_API
#endif

typedef enum pamkit_status {
  PAMKIT_OK = 0,
  PAMKIT_UNKNOWN_NAME = 1,  /* a format, arithmetic, policy or operation of this name does not exist */
  PAMKIT_NOT_DEFINED = 2,   /* the arithmetic does not define the operation */
  PAMKIT_BAD_ARGUMENT = 3,  /* a null pointer, or a word that is no encoding of the format */
  PAMKIT_OUT_OF_MEMORY = 4,
  PAMKIT_INTERNAL_ERROR = 5 /* a defect of pamkit */
} pamkit_status;

/* A sentence without a full stop; never null. */
PAMKIT_API const char* pamkit_status_text(pamkit_status status);

/* "0.1.0" */
PAMKIT_API const char* pamkit_version(void);

/* Under which rules operations are computed. A null name is the default, the first one named. */
typedef struct pamkit_rules {
  const char* format;     /* "binary32", "bfloat16", "binary16", "e5m2", "e4m3", "binary32m1" to "binary32m23" */
  const char* arithmetic; /* "pam", "pam:ALPHA", "exact", "l_mul", "power_of_two", "adder" */
  const char* policy;     /* "flush" or "gradual": subnormals */
  const char* overflow;   /* "infinity" or "saturate": past the largest finite value */
} pamkit_rules;

typedef struct pamkit_context pamkit_context;

/* Opens a context; a null `rules` has every default. *context is null where this fails. */
PAMKIT_API pamkit_status pamkit_open(const pamkit_rules* rules, pamkit_context** context);
/* Frees it. Null does nothing. */
PAMKIT_API void pamkit_close(pamkit_context* context);

/* Bits of one encoding: 32, 16 or 8; 0 for null. */
PAMKIT_API int pamkit_storage_bits(const pamkit_context* context);
/* The compensation that products use: mag(RN(ALPHA)) - mag(1); 0 for null. */
PAMKIT_API int32_t pamkit_compensation(const pamkit_context* context);

/* The elementwise operations: how many there are, their names ("mul", ...; null past the end), and how many
 * operands one takes (0 for a name that is none). */
PAMKIT_API size_t pamkit_operation_count(void);
PAMKIT_API const char* pamkit_operation_name(size_t index);
PAMKIT_API int pamkit_operand_count(const char* operation);

/* out[i] = operation(a[i], b[i]) for i < count; b is not read by operations of one operand and may be null. `out`
 * may be `a` or `b`. */
PAMKIT_API pamkit_status pamkit_elementwise(const pamkit_context* context, const char* operation, const uint32_t* a,
                                            const uint32_t* b, uint32_t* out, size_t count);

/* The same from the golden model: exact rational numbers, some microseconds a result. For exp2, log2, exp, log and
 * pow of "exact" it gives the correctly rounded result, pamkit_elementwise that of the C library. */
PAMKIT_API pamkit_status pamkit_golden(const pamkit_context* context, const char* operation, const uint32_t* a,
                                       const uint32_t* b, uint32_t* out, size_t count);

/* out [m, n] = a [m, k] b [k, n], each sum in ascending index; operands and result in the format, except that
 * binary32mN gives binary32 sums. `out` overlaps no operand. */
PAMKIT_API pamkit_status pamkit_matmul(const pamkit_context* context, size_t m, size_t n, size_t k, const uint32_t* a,
                                       const uint32_t* b, uint32_t* out);

/* An operation along rows: "sum", "mean", "norm" and "logsumexp" give one element a row, "softmax" and
 * "log_softmax" `length` of them. x has rows * length elements. `out` overlaps x nowhere. */
PAMKIT_API pamkit_status pamkit_rows(const pamkit_context* context, const char* operation, size_t rows, size_t length,
                                     const uint32_t* x, uint32_t* out);

#ifdef __cplusplus
}
#endif

#endif

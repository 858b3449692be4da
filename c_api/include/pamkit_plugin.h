#ifndef PAMKIT_PLUGIN_H
#define PAMKIT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* The other direction: an implementation of your own as a shared library, to be verified without pipes:
 *
 *   cc -shared -fPIC -o libmine.so mine.c -I.../c_api/include
 *   ./pamkit verify --backend ./libmine.so
 *
 * runs every property on it that it has the operations for; what it lacks is reported "not run". The library
 * exports pamkit_plugin, and links nothing of pamkit. Its functions are called from several threads at once. */

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with every change of the structures below; a library built for another number is refused. */
#define PAMKIT_PLUGIN_ABI 1u

/* What a call is about. Names are those of the command line; strings live as long as the call. */
typedef struct pamkit_plugin_rules {
  const char* operation;  /* "mul", "exp2", "mul_da", ...; "matmul" */
  const char* arithmetic; /* "pam", "l_mul", ...; a factor is in `compensation` */
  const char* format;     /* "binary32", ..., "e4m3", "binary32m7" */
  int flush;              /* subnormals: 1 flush, 0 gradual */
  int saturate;           /* overflow: 1 saturate, 0 infinity */
  int32_t compensation;   /* of products and quotients, in units of the stored fraction */
} pamkit_plugin_rules;

typedef struct pamkit_implementation {
  uint32_t abi;     /* PAMKIT_PLUGIN_ABI */
  const char* name; /* what tables call it: letters, digits, '-' and '_' */

  /* Whether it has an operation of an arithmetic, in every format and under every policy. */
  int (*defines)(const char* operation, const char* arithmetic);

  /* out[i] = operation(a[i], b[i]) for i < count; b equals a for operations of one operand; `out` may be `a` or
   * `b`. Encodings of every format travel in 32-bit words. Anything but 0 says that it failed, which ends the
   * run. */
  int (*elementwise)(const pamkit_plugin_rules* rules, const uint32_t* a, const uint32_t* b, uint32_t* out,
                     size_t count);

  /* Null where it has none. out [m, n] = a [m, k] b [k, n], dense row-major, on binary32 encodings whatever the
   * format of the suite (operands are widened before, results encoded after): one accumulator per element from
   * +0, terms in ascending k. rules->operation is "matmul". */
  int (*matmul)(const pamkit_plugin_rules* rules, size_t m, size_t n, size_t k, const uint32_t* a, const uint32_t* b,
                uint32_t* out);
} pamkit_implementation;

/* The one symbol that the library exports. The structure lives as long as the library. */
const pamkit_implementation* pamkit_plugin(void);

#ifdef __cplusplus
}
#endif

#endif

/* An implementation of one's own, verified without pipes: pam's mul, div and matmul in C.
 *
 *   cc -std=c99 -O2 -shared -fPIC -I../../c_api/include -o libpam_plugin.so pam_plugin.c
 *   ./pamkit verify --backend ./libpam_plugin.so
 *
 * With -DBROKEN it has a fault of one line: a product at exactly the smallest normal is flushed. */
#include <pamkit_plugin.h>
#include <string.h>

typedef struct format {
  int exponent_bits, fraction_bits, dropped_bits;
  int has_infinity;
  int64_t one, min, max, top; /* magnitudes: 1, smallest normal, largest finite, infinity */
  uint32_t sign, nan;
} format;

/* "binary32m7" has fraction bits that are always zero. */
static int read_format(const char* name, format* f) {
  static const struct { const char* name; int exponent_bits, fraction_bits; } known[] = {
      {"bfloat16", 8, 7}, {"binary16", 5, 10}, {"e5m2", 5, 2}, {"e4m3", 4, 3}};
  size_t i;
  memset(f, 0, sizeof *f);
  if (strncmp(name, "binary32", 8) == 0) {
    f->exponent_bits = 8;
    f->fraction_bits = 23;
    if (name[8] == 'm') {
      int kept = name[9] - '0';
      if (name[10] != 0) kept = 10 * kept + (name[10] - '0');
      f->dropped_bits = 23 - kept;
    }
  }
  for (i = 0; i < sizeof known / sizeof *known; ++i) {
    if (strcmp(name, known[i].name) != 0) continue;
    f->exponent_bits = known[i].exponent_bits;
    f->fraction_bits = known[i].fraction_bits;
  }
  if (f->exponent_bits == 0) return 0;
  f->has_infinity = strcmp(name, "e4m3") != 0;
  f->min = (int64_t)1 << f->fraction_bits;
  f->one = (((int64_t)1 << (f->exponent_bits - 1)) - 1) << f->fraction_bits;
  f->top = (((int64_t)1 << f->exponent_bits) - 1) << f->fraction_bits;
  f->sign = (uint32_t)1 << (f->exponent_bits + f->fraction_bits);
  f->max = f->has_infinity ? f->top - ((int64_t)1 << f->dropped_bits) : (int64_t)f->sign - 2;
  f->nan = f->has_infinity ? (uint32_t)(f->top | f->min >> 1) : f->sign - 1;
  return 1;
}

/* r / 2^shift, to nearest, ties to even; r >= 0. */
static int64_t rounded_shift(int64_t r, int shift) {
  int64_t whole, rest, half;
  if (shift <= 0) return r << -shift;
  if (shift > 60) return 0;
  whole = r >> shift;
  rest = r - (whole << shift);
  half = (int64_t)1 << (shift - 1);
  return whole + (rest > half || (rest == half && (whole & 1)));
}

/* The magnitude as if exponents had no lower end: a subnormal is normalised. */
static int64_t extended(const format* f, int64_t m) {
  int64_t below = 0;
  while (m < f->min) {
    m <<= 1;
    below += f->min;
  }
  return m - below;
}

static uint32_t overflowed(const pamkit_plugin_rules* rules, const format* f, uint32_t sign) {
  if (rules->saturate) return sign | (uint32_t)f->max;
  return f->has_infinity ? sign | (uint32_t)f->top : f->nan;
}

/* Of an infinite result of infinite operands. */
static uint32_t infinity(const format* f, uint32_t sign) { return sign | (uint32_t)f->top; }

/* An integer sum of encodings as an encoding (docs/specification.md, section 6.3). */
static uint32_t encode(const pamkit_plugin_rules* rules, const format* f, uint32_t sign, int64_t r) {
  const int64_t unit = (int64_t)1 << f->dropped_bits;
  int64_t q;
  if (rules->flush || r >= f->min) {
    /* In range the rounding is that of the shortened fraction; below it only the comparison matters. */
    if (r < 0) return sign;
    q = rounded_shift(r, f->dropped_bits) * unit;
#ifdef BROKEN
    if (q <= f->min) return sign;
#else
    if (q < f->min) return sign;
#endif
    return q > f->max ? overflowed(rules, f, sign) : sign | (uint32_t)q;
  } else {
    const int64_t e = r >= 0 ? 0 : -((-r + f->min - 1) >> f->fraction_bits);
    const int64_t significand = f->min + (r - e * f->min);
    return sign | (uint32_t)(rounded_shift(significand, (int)(1 - e) + f->dropped_bits) * unit);
  }
}

static uint32_t compute(const pamkit_plugin_rules* rules, const format* f, int divides, uint32_t a, uint32_t b) {
  const uint32_t mask = f->sign - 1;
  const uint32_t sign = (a ^ b) & f->sign;
  const int64_t ma = a & mask, mb = b & mask;
  const int64_t last = f->has_infinity ? f->top : f->max;
  const int zero_a = ma < (rules->flush ? f->min : 1), zero_b = mb < (rules->flush ? f->min : 1);
  const int infinite_a = f->has_infinity && ma == f->top, infinite_b = f->has_infinity && mb == f->top;
  if (ma > last || mb > last) return f->nan;
  if (!divides) {
    if ((infinite_a && zero_b) || (zero_a && infinite_b)) return f->nan;
    if (infinite_a || infinite_b) return infinity(f, sign);
    if (zero_a || zero_b) return sign;
    return encode(rules, f, sign, extended(f, ma) + extended(f, mb) - f->one + rules->compensation);
  }
  if ((zero_a && zero_b) || (infinite_a && infinite_b)) return f->nan;
  if (infinite_a || zero_b) {
    /* e4m3 has no infinity: NaN, or the largest under saturate. */
    if (f->has_infinity) return infinity(f, sign);
    return rules->saturate ? sign | (uint32_t)f->max : f->nan;
  }
  if (zero_a || infinite_b) return sign;
  return encode(rules, f, sign, extended(f, ma) - extended(f, mb) + f->one - rules->compensation);
}

static int defines(const char* operation, const char* arithmetic) {
  return strcmp(arithmetic, "pam") == 0 &&
         (strcmp(operation, "mul") == 0 || strcmp(operation, "div") == 0 || strcmp(operation, "matmul") == 0);
}

static int elementwise(const pamkit_plugin_rules* rules, const uint32_t* a, const uint32_t* b, uint32_t* out,
                       size_t count) {
  format f;
  size_t i;
  const int divides = strcmp(rules->operation, "div") == 0;
  if (!read_format(rules->format, &f)) return 1;
  for (i = 0; i < count; ++i) out[i] = compute(rules, &f, divides, a[i], b[i]);
  return 0;
}

static int matmul(const pamkit_plugin_rules* rules, size_t m, size_t n, size_t k, const uint32_t* a, const uint32_t* b,
                  uint32_t* out) {
  format f;
  size_t row, column, t;
  if (!read_format(rules->format, &f)) return 1;
  for (row = 0; row < m; ++row) {
    for (column = 0; column < n; ++column) {
      float sum = 0;
      for (t = 0; t < k; ++t) {
        const uint32_t term = compute(rules, &f, 0, a[row * k + t], b[t * n + column]);
        float x;
        memcpy(&x, &term, sizeof x);
        sum += x;
      }
      memcpy(&out[row * n + column], &sum, sizeof sum);
      if (sum != sum) out[row * n + column] = f.nan;
    }
  }
  return 0;
}

const pamkit_implementation* pamkit_plugin(void) {
  static const pamkit_implementation self = {PAMKIT_PLUGIN_ABI, "pam_plugin", defines, elementwise, matmul};
  return &self;
}

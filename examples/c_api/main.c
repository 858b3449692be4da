/* Uses pamkit from C: cc -std=c99 main.c -lpamkit */
#include <pamkit.h>
#include <stdio.h>

/* Ends with a message where a call failed. */
static int failed(pamkit_status status, const char* what) {
  if (status != PAMKIT_OK) fprintf(stderr, "%s: %s\n", what, pamkit_status_text(status));
  return status != PAMKIT_OK;
}

int main(void) {
  pamkit_rules rules = {0}; /* every default: binary32, pam, flush, infinity */
  pamkit_context* context = NULL;
  uint32_t a[256], b[256], fast[256], golden[256];
  uint32_t product = 0, sum[1];
  const uint32_t row[3] = {0x3C, 0x3C, 0x40}; /* 1, 1, 2 in e5m2 */
  uint32_t i, j;
  unsigned long differing = 0;

  printf("pamkit %s\n", pamkit_version());

  /* 1.5 . 1.5 = 2 in piecewise affine arithmetic. */
  if (failed(pamkit_open(&rules, &context), "binary32")) return 1;
  a[0] = b[0] = 0x3FC00000;
  if (failed(pamkit_elementwise(context, "mul", a, b, &product, 1), "mul")) return 1;
  printf("mul 3FC00000 3FC00000 = %08lX\n", (unsigned long)product);
  pamkit_close(context);
  if (product != 0x40000000) return 1;

  /* Every pair of e5m2: the kernels against the golden model. */
  rules.format = "e5m2";
  rules.policy = "gradual";
  if (failed(pamkit_open(&rules, &context), "e5m2")) return 1;
  for (i = 0; i < 256; ++i) {
    for (j = 0; j < 256; ++j) {
      a[j] = i;
      b[j] = j;
    }
    if (failed(pamkit_elementwise(context, "div", a, b, fast, 256), "div")) return 1;
    if (failed(pamkit_golden(context, "div", a, b, golden, 256), "golden div")) return 1;
    for (j = 0; j < 256; ++j) differing += fast[j] != golden[j];
  }
  printf("div on every pair of e5m2: %lu results differ from the golden model\n", differing);

  if (failed(pamkit_rows(context, "sum", 1, 3, row, sum), "sum")) return 1;
  printf("1 + 1 + 2 = %02lX\n", (unsigned long)sum[0]);
  pamkit_close(context);
  return differing != 0 || sum[0] != 0x44; /* 4 */
}

// Planted: compiled with contraction, so that the sum of products becomes fused multiply-adds.
float planted_fused(const float* a, const float* b, int n) {
  float sum = 0;
  for (int i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

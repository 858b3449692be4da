// Planted: a product by 1, of the kind that hides in a sign or a mask.
void planted_multiplication(float* x, const float* ones, int n) {
  for (int i = 0; i < n; ++i) x[i] = x[i] * ones[i];
}

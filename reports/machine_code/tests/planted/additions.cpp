// Nothing to refuse: additions, and a product of integers that computes an address.
float additions(const float* x, long rows, long stride) {
  float sum = 0;
  for (long i = 0; i < rows; ++i) sum += x[i * stride * 3];
  return sum;
}

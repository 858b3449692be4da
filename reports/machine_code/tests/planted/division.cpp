// Planted: a quotient where the arithmetic has none.
float planted_division(float a, float b) { return a / b; }

#include "student.hpp"

#include <cmath>
#include <numbers>

namespace pamkit::reports {
namespace {

// P(|T| <= t)
double central_probability(int degrees, double t) {
  const double theta = std::atan(t / std::sqrt(degrees));
  const double c = std::cos(theta);
  const double s = std::sin(theta);
  const bool odd = degrees % 2 != 0;
  // Odd: cos + 2/3 cos^3 + ..., up to cos^(degrees-2). Even: 1 + 1/2 cos^2 + ..., up to the same.
  double term = odd ? c : 1;
  double sum = 0;
  for (int power = odd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term;
    term *= c * c * (power + 1) / (power + 2);
  }
  return odd ? 2 / std::numbers::pi * (theta + s * sum) : s * sum;
}

}  // namespace

double student_interval(int degrees, double probability) {
  double low = 0;
  double high = 1;
  while (central_probability(degrees, high) < probability) high *= 2;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    (central_probability(degrees, middle) < probability ? low : high) = middle;
  }
}

}  // namespace pamkit::reports

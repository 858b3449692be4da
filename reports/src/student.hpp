#pragma once

namespace pamkit::reports {

/// The t with P(|T| <= t) = probability for Student's distribution with `degrees` >= 1 degrees of
/// freedom, 0 < probability < 1; from the finite series for whole degrees (Abramowitz and
/// Stegun 26.7.3 and 26.7.4), by bisection to the last bit.
double student_interval(int degrees, double probability);

}  // namespace pamkit::reports

// Elementwise operations of the piecewise affine family on encodings of binary32, bfloat16 and
// binary16, under every policy. Other formats take the scalar definitions.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pam_elementwise.cpp"
#include <hwy/foreach_target.h>
// clang-format off
#include "map-inl.hpp"
#include "pam_lanes-inl.hpp"
// clang-format on
#include "kernels.hpp"
#include "pamkit/type_list.hpp"

HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {
#if PAMKIT_SIMD_HAS_KERNELS

// Each operation over `lanes`, a pam_lanes; unary ones do not read y. Compositions are those of
// pamkit/elementwise/, on vectors.

/// Whether operands and a result, given by their magnitudes, are normal numbers in every lane.
template <class Lanes>
HWY_INLINE bool AreNormal(integer_vector mx, integer_vector my, integer_vector r) {
  return hn::AllTrue(integers(),
                     hn::And(hn::Gt(hn::Min(hn::Min(mx, my), r), Integers(Lanes::kMin - 1)),
                             hn::Lt(hn::Max(hn::Max(mx, my), r), Integers(Lanes::kInf))));
}

struct mul_op {
  static constexpr std::string_view name = "mul";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector y) {
    // Operands and result normal: one addition. In 32 bits the sum of magnitudes is negative where
    // it wraps, and so does the sum of signs; in fewer bits that one carries out of the format.
    const integer_vector mx = Lanes::MagnitudeOf(x);
    const integer_vector my = Lanes::MagnitudeOf(y);
    const integer_vector offset = hn::Sub(lanes.compensation, Integers(Lanes::kOne));
    if (HWY_LIKELY(AreNormal<Lanes>(mx, my, hn::Add(hn::Add(mx, offset), my)))) {
      const integer_vector sum = hn::Add(hn::Add(x, offset), y);
      return hn::And(sum, Integers(Lanes::kSign | Lanes::kMagnitude));
    }
    return lanes.Mul(x, y);
  }
};

struct power_of_two_mul_op {
  static constexpr std::string_view name = "mul";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector y) {
    return lanes.Uncompensated().template Mul<rounded_operand::second>(x, y);
  }
};

struct div_op {
  static constexpr std::string_view name = "div";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector y) {
    // As in mul: one subtraction. r lies above -2^30 and below 3 2^30: it is negative, as a word,
    // where it does not fit, and no such r is taken for a normal number.
    const integer_vector mx = Lanes::MagnitudeOf(x);
    const integer_vector my = Lanes::MagnitudeOf(y);
    const integer_vector offset = hn::Sub(Integers(Lanes::kOne), lanes.compensation);
    if (HWY_LIKELY(AreNormal<Lanes>(mx, my, hn::Add(hn::Sub(mx, my), offset)))) {
      const integer_vector difference = hn::Add(hn::Sub(x, y), offset);
      return hn::And(difference, Integers(Lanes::kSign | Lanes::kMagnitude));
    }
    return lanes.Div(x, y);
  }
};

struct exp2_op {
  static constexpr std::string_view name = "exp2";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector) {
    const integer_mask small = hn::Lt(Lanes::MagnitudeOf(x), Integers(Lanes::kSmall));
    if (HWY_LIKELY(hn::AllTrue(integers(), small))) return Lanes::Exp2OfSmall(x);
    return lanes.Exp2(x);
  }
};

struct log2_op {
  static constexpr std::string_view name = "log2";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector) {
    return lanes.Log2(x);
  }
};

struct exp_op {
  static constexpr std::string_view name = "exp";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector) {
    const integer_vector power = mul_op::Apply(lanes.Uncompensated(), x, Integers(Lanes::kLog2E));
    return exp2_op::Apply(lanes, power, power);
  }
};

struct log_op {
  static constexpr std::string_view name = "log";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector) {
    return div_op::Apply(lanes.Uncompensated(), lanes.Log2(x), Integers(Lanes::kLog2E));
  }
};

struct pow_op {
  static constexpr std::string_view name = "pow";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector y) {
    const integer_vector exponent = mul_op::Apply(lanes.Uncompensated(), lanes.Log2(x), y);
    const integer_vector power = exp2_op::Apply(lanes, exponent, exponent);
    const integer_vector my = Lanes::MagnitudeOf(y);
    integer_vector at_zero = hn::IfThenElseZero(Lanes::IsNegative(y), Integers(Lanes::kInf));
    at_zero = hn::IfThenElse(Lanes::IsZero(my), Integers(Lanes::kOne), at_zero);
    at_zero = hn::IfThenElse(hn::Gt(my, Integers(Lanes::kInf)), Integers(Lanes::kNan), at_zero);
    return hn::IfThenElse(Lanes::IsZero(Lanes::MagnitudeOf(x)), at_zero, power);
  }
};

struct sqrt_op {
  static constexpr std::string_view name = "sqrt";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector) {
    return pow_op::Apply(lanes, x, Integers(Lanes::kHalf));
  }
};

struct mul_da_op {
  static constexpr std::string_view name = "mul_da";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector y) {
    return lanes.MulDa(x, y);
  }
};

struct div_da_op {
  static constexpr std::string_view name = "div_da";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector y) {
    return lanes.DivDa(x, y);
  }
};

struct div_db_op {
  static constexpr std::string_view name = "div_db";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector y) {
    return lanes.DivDb(x, y);
  }
};

struct exp2_da_op {
  static constexpr std::string_view name = "exp2_da";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector) {
    return lanes.Exp2Da(x);
  }
};

struct log2_da_op {
  static constexpr std::string_view name = "log2_da";
  template <class Lanes>
  static HWY_INLINE integer_vector Apply(const Lanes& lanes, integer_vector x, integer_vector) {
    return lanes.Log2Da(x);
  }
};

template <class Op>
void Elementwise(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                 std::uint32_t* out, std::size_t count) {
  bool done = false;
  WithVectorFormat(c, [&]<class Format>(Format format) {
    if (c.compensation < 0 || c.compensation > min_magnitude<Format>) return;
    const policy<Format> p{c.subnormals, c.overflow, c.compensation, format};
    const auto map = [&](const auto& lanes) {
      Map(a, b, out, count,
          [&](integer_vector x, integer_vector y) { return Op::Apply(lanes, x, y); });
    };
    if (p.subnormals == subnormal_policy::gradual) {
      map(pam_lanes<true, Format>(p));
    } else {
      map(pam_lanes<false, Format>(p));
    }
    done = true;
  });
  if (!done) MapScalar(Op::name, c.arithmetic, c, a, b, out, count);
}

template <class... Ops>
elementwise_function Find(type_list<Ops...>, std::string_view operation) {
  elementwise_function found = nullptr;
  ((operation == Ops::name ? void(found = Elementwise<Ops>) : void()), ...);
  return found;
}

elementwise_function PamOperation(std::string_view operation) {
  return Find(type_list<mul_op, div_op, exp2_op, log2_op, exp_op, log_op, pow_op, sqrt_op,
                        mul_da_op, div_da_op, div_db_op, exp2_da_op, log2_da_op>{},
              operation);
}
elementwise_function LMulOperation(std::string_view operation) {
  return Find(type_list<mul_op, mul_da_op>{}, operation);
}
elementwise_function PowerOfTwoOperation(std::string_view operation) {
  return Find(type_list<power_of_two_mul_op>{}, operation);
}

#else

elementwise_function PamOperation(std::string_view) { return nullptr; }
elementwise_function LMulOperation(std::string_view) { return nullptr; }
elementwise_function PowerOfTwoOperation(std::string_view) { return nullptr; }

#endif
}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pamkit::simd {

HWY_EXPORT(PamOperation);
HWY_EXPORT(LMulOperation);
HWY_EXPORT(PowerOfTwoOperation);

elementwise_function pam_elementwise(std::string_view operation) {
  return HWY_DYNAMIC_DISPATCH(PamOperation)(operation);
}
elementwise_function l_mul_elementwise(std::string_view operation) {
  return HWY_DYNAMIC_DISPATCH(LMulOperation)(operation);
}
elementwise_function power_of_two_elementwise(std::string_view operation) {
  return HWY_DYNAMIC_DISPATCH(PowerOfTwoOperation)(operation);
}

}  // namespace pamkit::simd
#endif

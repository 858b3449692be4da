/// What a profile answers for, and how it is found (sections 3 and 14.2). The suite asks the
/// profile itself what to run: one that denies an operation would be asked less, and pass.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "fact_comparisons.hpp"
#include "pamkit/profile/paper.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/properties/generator.hpp"
#include "pamkit/reference/golden_model.hpp"
#include "promise_fields.hpp"

namespace pamkit::properties {
namespace {

using profiles::paper;

const property_text text = {.id = "facts",
                            .part = "profile",
                            .sentence =
                                "a profile covers the arithmetic, format and policies of section "
                                "14.2 alone, and its slopes are applied by an "
                                "IEEE product",
                            .domain =
                                "every arithmetic, format and policy; 4000 operands of its "
                                "derivatives, with and without compensation",
                            .operation = "",
                            .promise = ""};

constexpr std::array<std::string_view, 5> kOperations = {"div", "div_da", "div_db", "mul",
                                                         "mul_da"};
constexpr int kDerivatives = 4000;

void compare_info(comparisons& c) {
  const arithmetic_info& info = paper_profile();
  c.equal("name", info.name, kPaperPam);
  c.equal("oracle", info.oracle, kPaperPam);
  c.equal("approx derivative", info.has_derivative(derivative::approx), false);
  c.equal("exact derivative", info.has_derivative(derivative::exact), true);
  c.equal("asked compensation", info.compensation(binary32{}, 463051), 463051);
  for (const operation_info& o : operations()) {
    const bool expected = std::ranges::find(kOperations, o.name) != kOperations.end();
    c.equal(o.name, info.defines(o.name), expected);
    for (const backend* b : emulator_backends()) {
      c.equal(fmt::format("{} of {}", o.name, b->name),
              b->elementwise(o.name, kPaperPam) != nullptr, expected && b == &scalar_backend());
    }
  }
  for (const backend* b : emulator_backends()) {
    c.equal(fmt::format("matmul of {}", b->name),
            b->contraction(kPaperPam, contraction_kind::product, derivative::exact) != nullptr,
            false);
    c.equal(fmt::format("sum of {}", b->name), b->layer("sum", kPaperPam) != nullptr, false);
  }
  const promises promised = info.promise({.arithmetic = kPaperPam});
  for (const promise_field& p : kPromises) c.equal(p.name, promised.*p.field, false);
}

void compare_cover(comparisons& c) {
  for (const std::string& name : format_names()) {
    const any_format format = *parse_format(name == "binary32mN" ? "binary32m23" : name);
    for (const subnormal_policy subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
      for (const overflow_policy overflow :
           {overflow_policy::infinity, overflow_policy::saturate}) {
        const bool expected = name == "binary32" && subnormals == subnormal_policy::flush &&
                              overflow == overflow_policy::infinity;
        c.equal(fmt::format("paper covers {}", name),
                covers(profile::paper, format, subnormals, overflow), expected);
        c.equal(fmt::format("default covers {}", name),
                covers(profile::standard, format, subnormals, overflow), true);
      }
    }
  }
}

void compare_choices(comparisons& c) {
  c.equal("an arithmetic that is a profile", find_arithmetic(kPaperPam) != nullptr, false);
  c.equal("a choice that is a profile", parse_arithmetic(kPaperPam).has_value(), false);
  c.equal("the profile is found by its name", find_configured(kPaperPam) == &paper_profile(), true);
  c.equal("the profile of its name", name_of(profile_of(kPaperPam)), "paper");
  for (const arithmetic_info& info : arithmetics()) {
    c.equal(fmt::format("{} is found by its name", info.name), find_configured(info.name) == &info,
            true);
    c.equal(fmt::format("the profile of {}", info.name), name_of(profile_of(info.name)), "default");
    for (const std::string& label : {std::string(info.name), fmt::format("{}:1.0552", info.name)}) {
      const auto choice = parse_arithmetic(label);
      if (!choice) continue;
      for (const profile p : {profile::standard, profile::paper}) {
        const auto under = under_profile(*choice, p);
        const bool is_standard = p == profile::standard;
        c.equal(fmt::format("{} has profile {}", label, name_of(p)), under.has_value(),
                is_standard || info.name == "pam");
        if (!under) continue;
        c.equal(fmt::format("the label of {}", label), under->label, label);
        c.equal(fmt::format("the factor of {}", label), under->alpha, choice->alpha);
        const arithmetic_info* answers = is_standard ? &info : &paper_profile();
        c.equal(fmt::format("{} under profile {} is that profile", label, name_of(p)),
                under->info == answers, true);
      }
    }
  }
}

void compare_derivatives(comparisons& c, std::uint64_t seed) {
  const format_description f = describe(binary32{});
  const auto towards = [](reference::wrt operand) {
    return reference::find_product_vjp(kPaperPam, reference::derivative::exact, operand);
  };
  const auto golden_a = towards(reference::wrt::a);
  const auto golden_b = towards(reference::wrt::b);
  entropy source(seed);
  for (const std::int32_t compensation : {0, 463051}) {
    const reference::rules rules{
        .format = f, .compensation = compensation, .arithmetic = std::string(kPaperPam)};
    const paper::rules own{.compensation = compensation};
    const case_shape shape{binary32{}, 2, compensation, profile::paper};
    for (int i = 0; i < kDerivatives / 2; ++i) {
      const column pair = draw_case(shape, f, source);
      const column x = {draw_encoding(f, source), pair[0], pair[1]};
      const auto what = [&](char operand) {
        return fmt::format("the derivative in {} at {:08X} {:08X} of {:08X}", operand, x[1], x[2],
                           x[0]);
      };
      c.equal(what('a'), paper::mul_vjp_a(own, derivative::exact, {x[1]}, {x[2]}, {x[0]}).bits,
              golden_a(rules, x));
      c.equal(what('b'), paper::mul_vjp_b(own, derivative::exact, {x[1]}, {x[2]}, {x[0]}).bits,
              golden_b(rules, x));
    }
  }
}

void add_tasks(suite_context& context) {
  if (!context.wants(text)) return;
  context.add_task("facts of profiles", [&context]() -> rows {
    comparisons c;
    compare_info(c);
    compare_cover(c);
    compare_choices(c);
    compare_derivatives(c, context.options().seed);
    return {c.row(text, "any", "any")};
  });
}

}  // namespace

namespace tasks {
task_family declared_profile() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

#include <algorithm>

#include "pamkit/properties/contraction_case.hpp"

namespace pamkit::properties {
namespace {

column without(const column& x, std::int64_t outer, std::int64_t axis, std::int64_t inner,
               std::int64_t first, std::int64_t count) {
  column rest;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < axis; ++i) {
      if (i >= first && i < first + count) continue;
      const auto start = x.begin() + (o * axis + i) * inner;
      rest.insert(rest.end(), start, start + inner);
    }
  }
  return rest;
}

enum class extent : std::uint8_t { batch, m, n, k };

contraction_case without(const contraction_case& c, extent axis, std::int64_t first,
                         std::int64_t count) {
  contraction_case r = c;
  switch (axis) {
    case extent::batch:
      r.a = without(c.a, 1, c.batch, c.m * c.k, first, count);
      r.b = without(c.b, 1, c.batch, c.k * c.n, first, count);
      r.d = without(c.d, 1, c.batch, c.m * c.n, first, count);
      r.batch -= count;
      break;
    case extent::m:
      r.a = without(c.a, c.batch, c.m, c.k, first, count);
      r.d = without(c.d, c.batch, c.m, c.n, first, count);
      r.m -= count;
      break;
    case extent::n:
      r.b = without(c.b, c.batch * c.k, c.n, 1, first, count);
      r.d = without(c.d, c.batch * c.m, c.n, 1, first, count);
      r.n -= count;
      break;
    case extent::k:
      r.a = without(c.a, c.batch * c.m, c.k, 1, first, count);
      r.b = without(c.b, c.batch, c.k, c.n, first, count);
      r.k -= count;
      break;
  }
  return r;
}

std::int64_t size_of(const contraction_case& c, extent axis) {
  switch (axis) {
    case extent::batch:
      return c.batch;
    case extent::m:
      return c.m;
    case extent::n:
      return c.n;
    default:
      return c.k;
  }
}

}  // namespace

contraction_case shrink_contraction(const any_format& format, contraction_case c,
                                    const std::function<bool(const contraction_case&)>& fails,
                                    std::size_t limit) {
  std::size_t evaluated = 0;
  const auto accept = [&](const contraction_case& candidate) {
    if (evaluated++ >= limit || !fails(candidate)) return false;
    c = candidate;
    return true;
  };
  // Halves first, then quarters, ..., then single rows, columns and terms.
  for (const extent axis : {extent::batch, extent::m, extent::n, extent::k}) {
    for (std::int64_t piece = (size_of(c, axis) + 1) / 2; piece > 0; piece /= 2) {
      for (std::int64_t first = 0; first < size_of(c, axis) && evaluated < limit;) {
        const std::int64_t count = std::min(piece, size_of(c, axis) - first);
        if (count == size_of(c, axis) || !accept(without(c, axis, first, count))) first += piece;
      }
    }
  }
  // Elements toward +0 and the simple encodings: one column of all operands, shrunk as a case is.
  const auto joined = [](const contraction_case& x) {
    column all = x.a;
    all.insert(all.end(), x.b.begin(), x.b.end());
    all.insert(all.end(), x.d.begin(), x.d.end());
    return all;
  };
  const auto with_operands = [&](const column& all) {
    contraction_case x = c;
    const auto b = all.begin() + static_cast<std::ptrdiff_t>(c.a.size());
    const auto d = b + static_cast<std::ptrdiff_t>(c.b.size());
    x.a.assign(all.begin(), b);
    x.b.assign(b, d);
    x.d.assign(d, all.end());
    return x;
  };
  column all = joined(c);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == 0) continue;
    column candidate = all;
    candidate[i] = 0;
    if (accept(with_operands(candidate))) all = candidate;
  }
  if (all.size() > 64 || evaluated >= limit) return c;
  return with_operands(shrink_case(
      format, all, [&](const column& x) { return fails(with_operands(x)); }, limit - evaluated));
}

}  // namespace pamkit::properties

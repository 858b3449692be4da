#include "pamkit/training/part_sum.hpp"

#include <bit>
#include <stdexcept>

#include "pamkit/detail/sum.hpp"

namespace pamkit::training {
namespace {

std::int64_t middle(std::int64_t lower, std::int64_t upper) {
  return lower + (upper - lower + 1) / 2;
}

// Addition of section 11.1, which makes a NaN canonical at once.
void add_to(part_sum::values& left, const part_sum::values& right) {
  const auto word = [](float x) { return encoding<binary32>{std::bit_cast<std::uint32_t>(x)}; };
  for (std::size_t i = 0; i < left.size(); ++i) {
    const encoding<binary32> sum = detail::add(word(left[i]), word(right[i]));
    left[i] = std::bit_cast<float>(std::uint32_t{sum.bits});
  }
}

part_sum::values tree(std::int64_t lower, std::int64_t upper,
                      const std::function<part_sum::values(std::int64_t)>& values_of) {
  if (upper - lower == 1) return values_of(lower);
  const std::int64_t half = middle(lower, upper);
  part_sum::values sum = tree(lower, half, values_of);
  add_to(sum, tree(half, upper, values_of));
  return sum;
}

}  // namespace

part_sum::part_sum(std::int64_t parts, channel& to_others)
    : channel_(to_others), parts_(parts), workers_(to_others.size()), rank_(to_others.rank()) {
  if (parts < 1 || parts % workers_ != 0) {
    throw std::invalid_argument("part_sum: parts are no multiple of the workers");
  }
}

void part_sum::compute(const std::function<values(std::int64_t)>& values_of) {
  sums_.clear();
  next_ = 0;
  compute_own(0, parts_, values_of);
  length_ = sums_.front().size();
}

void part_sum::compute_own(std::int64_t lower, std::int64_t upper,
                           const std::function<values(std::int64_t)>& values_of) {
  if (is_others(lower, upper)) return;
  if (is_mine(lower, upper)) {
    sums_.push_back(tree(lower, upper, values_of));
    return;
  }
  const std::int64_t half = middle(lower, upper);
  compute_own(lower, half, values_of);
  compute_own(half, upper, values_of);
}

part_sum::values part_sum::join() {
  values sum = join_range(0, parts_);
  sum.resize(length_);  // only worker 0 has it
  channel_.broadcast(sum);
  return sum;
}

// A range's sum is at the owner of its first part; elsewhere the result is empty. Every worker
// walks the tree in the same order, left, right, then up, and each node moves at most one message:
// the order of messages is one and the same sequence at all, so that none waits in a circle.
part_sum::values part_sum::join_range(std::int64_t lower, std::int64_t upper) {
  if (is_others(lower, upper)) return {};
  if (is_mine(lower, upper)) return std::move(sums_[next_++]);
  const std::int64_t half = middle(lower, upper);
  values left = join_range(lower, half);
  values right = join_range(half, upper);
  const int left_owner = owner_of(lower);
  const int right_owner = owner_of(half);
  if (rank_ == right_owner && left_owner != right_owner) {
    channel_.send(right, left_owner);
  }
  if (rank_ != left_owner) return {};
  if (left_owner != right_owner) {
    right.resize(length_);
    channel_.receive(right, right_owner);
  }
  add_to(left, right);
  return left;
}

}  // namespace pamkit::training

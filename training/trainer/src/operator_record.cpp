#include "operator_record.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/function.h>

#include <memory>

namespace pamkit::training {
namespace {

// Thread-local, as the callbacks are: a callback is a plain function.
thread_local operator_record* listening = nullptr;

constexpr const char* kPlaces[] = {"forward", "backward", "update"};

// Whether what an operator computes is told by those that it calls: LibTorch's composite operators
// have no kernel that touches memory.
bool is_composite(const at::RecordFunction& f) {
  const std::optional<c10::OperatorName> name = f.operator_name();
  if (!name) return false;
  const std::optional<c10::OperatorHandle> found = c10::Dispatcher::singleton().findOp(*name);
  return found && !found->hasKernelForDispatchKey(c10::DispatchKey::CPU);
}

}  // namespace

std::string cause::text() const {
  // Sums of products are what every scope replaces.
  if (!replaced_by || *replaced_by == scope::matmul) return what;
  return std::string(what).append(": scope ").append(name_of(*replaced_by)).append(" replaces it");
}

at::Tensor operator_event::tensor(std::size_t i) const {
  return i < inputs.size() && inputs[i].isTensor() ? inputs[i].toTensor() : at::Tensor();
}

at::Tensor operator_event::output() const {
  return !outputs.empty() && outputs[0].isTensor() ? outputs[0].toTensor() : at::Tensor();
}

namespace {

std::string string_input(const std::vector<c10::IValue>& inputs, int number) {
  for (const c10::IValue& value : inputs) {
    if (value.isString() && number-- == 0) return value.toStringRef();
  }
  return {};
}

}  // namespace

std::string operator_event::arithmetic() const {
  // A text that LibTorch's own take is something else: that of aten::gelu names an approximation.
  return name.starts_with("pamkit::") ? string_input(inputs, 0) : std::string();
}

std::string operator_event::derivative() const { return string_input(inputs, 1); }

operator_record::operator_record(std::function<void(const operator_event&)> look)
    : look_(std::move(look)),
      handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(start, end)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}))) {
  listening = this;
}

operator_record::~operator_record() {
  at::removeCallback(handle_);
  listening = nullptr;
}

std::unique_ptr<at::ObserverContext> operator_record::start(const at::RecordFunction& f) {
  if (listening != nullptr) listening->enter(f);
  return nullptr;
}

void operator_record::end(const at::RecordFunction& f, at::ObserverContext*) {
  if (listening != nullptr) listening->leave(f);
}

// Calls nest, so that those open are a stack.
void operator_record::enter(const at::RecordFunction& f) {
  frame opened;
  if (!open_.empty()) {
    open_.back().has_parts = true;
    opened.is_ignored = open_.back().is_counted || open_.back().is_ignored;
  }
  opened.event.name = f.name();
  if (!opened.is_ignored) {
    opened.is_composite = is_composite(f);
    const c10::ArrayRef<const c10::IValue> inputs = f.inputs();
    opened.event.inputs.assign(inputs.begin(), inputs.end());
    opened.event.is_backward = torch::autograd::get_current_node() != nullptr;
    // Sizes of results are not there yet; what is known is so by its name.
    const at::DisableRecordFunctionGuard silent;
    opened.is_counted = work_of(opened.event).has_value();
  }
  open_.push_back(std::move(opened));
}

void operator_record::leave(const at::RecordFunction& f) {
  if (open_.empty()) return;
  frame closed = std::move(open_.back());
  open_.pop_back();
  if (closed.is_ignored) return;
  const at::DisableRecordFunctionGuard silent;
  closed.event.outputs = f.outputs();
  if (closed.is_counted) {
    count(closed.event);
    if (look_) look_(closed.event);
  } else if (!(closed.is_composite && closed.has_parts) && !multiplies_nothing(closed.event)) {
    unknown_.insert(closed.event.name);
  }
}

void operator_record::count(const operator_event& e) {
  const std::optional<operator_work> work = work_of(e);
  if (!work || work->terms + work->multiplications + work->quotients == 0) return;
  const char* const place = kPlaces[is_update_ ? 2 : e.is_backward ? 1 : 0];
  total& t = totals_[{e.name, place, work->arithmetic}];
  ++t.calls;
  t.work.terms += work->terms;
  t.work.additions += work->additions;
  t.work.multiplications += work->multiplications;
  t.work.quotients += work->quotients;
  t.work.reason = is_update_ && work->reason.replaced_by ? cause_of_update : work->reason;
}

nlohmann::ordered_json operator_record::rows() const {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const auto& [key, t] : totals_) {
    const std::optional<scope>& by = t.work.reason.replaced_by;
    all.push_back({{"operator", std::get<0>(key)},
                   {"place", std::get<1>(key)},
                   {"arithmetic", std::get<2>(key)},
                   {"calls", t.calls},
                   {"terms", t.work.terms},
                   {"additions", t.work.additions},
                   {"multiplications", t.work.multiplications},
                   {"quotients", t.work.quotients},
                   {"reason", t.work.reason.text()},
                   {"replaced_by", by ? nlohmann::ordered_json(name_of(*by)) : nullptr}});
  }
  return all;
}

}  // namespace pamkit::training

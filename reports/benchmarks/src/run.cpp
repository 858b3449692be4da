#include "run.hpp"

#include <algorithm>

namespace pamkit::benchmarks {
namespace {

void check(const measured_case& c, const prepared_case& p, int threads) {
  try {
    p.check(threads);
  } catch (const mismatch& wrong) {
    throw mismatch(c.label() + ": " + wrong.what());
  }
}

// The kernel comes second, so that the first baseline, the ceiling or what is asked first, is its
// neighbour.
std::vector<contender> contenders_of(const prepared_case& p,
                                     const std::vector<baseline>& baselines) {
  std::vector<contender> all;
  if (p.rivals) {
    for (const baseline& b : baselines) {
      if (!b.prepare) continue;
      contender rival = b.prepare(*p.rivals);
      if (rival.run) all.push_back(std::move(rival));
    }
  }
  all.insert(all.end(), p.others.begin(), p.others.end());
  all.insert(all.begin() + (all.empty() ? 0 : 1), p.kernel);
  return all;
}

class recorder {
 public:
  recorder(const measured_case& c, const run_options& options, run_result& result)
      : case_(c), options_(options), result_(result) {}

  void times(const timing& t, int threads) {
    for (const timed_contender& c : t.contenders) {
      result_.times.push_back({case_.name, case_.arithmetic, case_.data, case_.shape, c.name,
                               case_.unit, threads, c.work, quartiles_of(c.seconds),
                               c.seconds.size(), c.calls});
    }
    result_.waited = std::max(result_.waited, t.waited);
  }

  void ratio(const timed_contender& kernel, const timed_contender& other, const std::string& name,
             int threads) {
    ratio_row row{case_.name, case_.arithmetic,           case_.data, case_.shape, name,
                  threads,    speed_ratio(kernel, other), {}};
    row.aimed = find_aim(options_.aims, {.name = row.name,
                                         .arithmetic = row.arithmetic,
                                         .data = row.data,
                                         .shape = row.shape,
                                         .baseline = row.baseline,
                                         .instruction_set = options_.cases.target,
                                         .threads = threads,
                                         .reason = {}});
    result_.ratios.push_back(std::move(row));
  }

 private:
  const measured_case& case_;
  const run_options& options_;
  run_result& result_;
};

void time_case(const measured_case& c, const prepared_case& p,
               const std::vector<baseline>& baselines, const run_options& options,
               run_result& result) {
  recorder record(c, options, result);
  const timing t = time_in_turns(contenders_of(p, baselines), options.plan);
  record.times(t, 1);
  const auto kernel = std::ranges::find(t.contenders, p.kernel.name, &timed_contender::name);
  for (const timed_contender& other : t.contenders) {
    if (other.name != p.kernel.name) record.ratio(*kernel, other, other.name, 1);
  }
}

// The kernel on several threads beside itself on one, by elapsed time.
void time_on_threads(const measured_case& c, const prepared_case& p, int threads,
                     const run_options& options, run_result& result) {
  timing_plan plan = options.plan;
  plan.is_wall = true;
  const timing t = time_in_turns(
      {{.name = "simd, one thread", .work = p.kernel.work, .run = p.kernel.run},
       {.name = p.kernel.name, .work = p.kernel.work, .run = [&p, threads] { p.run_on(threads); }}},
      plan);
  recorder record(c, options, result);
  timing many{{t.contenders[1]}, 0};
  record.times(many, threads);
  record.ratio(t.contenders[1], t.contenders[0], "one thread", threads);
}

}  // namespace

run_result run_cases(const std::vector<measured_case>& cases,
                     const std::vector<baseline>& baselines, const run_options& options) {
  run_result result;
  result.before = read_machine_state();
  result.absent = options.absent;
  for (const baseline& b : baselines) {
    if (b.absent.empty()) {
      result.baselines.push_back({b.name, b.description});
    } else {
      result.absent.push_back({b.name, b.absent});
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const measured_case& c = cases[i];
    if (options.progress) options.progress(i, cases.size(), c.label());
    const prepared_case p = c.prepare();
    if (!p.kernel.run) {
      result.absent.push_back({c.label(), p.absent});
      continue;
    }
    ++result.measured;
    for (const int threads : options.threads) {
      if (threads != 1 && !p.run_on) continue;
      check(c, p, threads);
      if (threads == 1) {
        time_case(c, p, baselines, options, result);
      } else {
        time_on_threads(c, p, threads, options, result);
      }
    }
  }
  return result;
}

}  // namespace pamkit::benchmarks

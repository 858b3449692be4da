#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Reading of statistics.json, schema pamkit.statistics/1, which training writes into a run's
/// folder.

namespace pamkit::reports {

/// What the elements of a tensor are.
struct element_counts {
  double elements = 0;
  double zeros = 0;
  double subnormals = 0;
  double infinities = 0;
  double nans = 0;
};

/// Sampled products of a layer: results that leave the range with operands that are in it.
struct product_counts {
  double sampled = 0;  ///< 0: no product was looked at
  double overflows = 0;
  double underflows = 0;
};

/// A layer's forward product against the exact product of the same operands.
struct layer_statistics {
  std::string name;
  std::string arithmetic;
  std::optional<double> gain;  ///< least-squares coefficient
  std::optional<double> norm_ratio;
  std::optional<double> cosine;
  element_counts output;
  product_counts forward;
  product_counts backward;
};

/// A parameter's gradient against the one of exact arithmetic with the same parameters and masks.
struct gradient_statistics {
  std::string name;
  std::optional<double> cosine;
  std::optional<double> norm_ratio;
  element_counts gradient;
};

/// What one kind of operator computes in one training step.
struct operator_count {
  std::string name;
  std::string place;           ///< "forward", "backward" or "update"
  std::string arithmetic;      ///< of its products; "exact" for ordinary ones
  double terms = 0;            ///< products, by whichever arithmetic
  double additions = 0;        ///< to the accumulators of sums of products
  double multiplications = 0;  ///< ordinary ones among the products, or beside them
  double quotients = 0;        ///< ordinary divisions, roots, exponentials and logarithms
  std::string reason;
};

/// The loss of the batch, its logits, and its gradient towards them.
struct loss_summary {
  std::optional<double> value;             ///< as the arm computes it
  std::optional<double> exact;             ///< of exact arithmetic with the same parameters and masks
  std::optional<double> logits_mean;       ///< which the ordinary softmax does not depend on
  std::optional<double> logits_deviation;  ///< within rows
  std::optional<double> leak;              ///< sum of a gradient's row over half that of its sizes
  std::optional<double> leak_size;         ///< the same of the sum's size
};

struct run_statistics {
  loss_summary loss;
  std::vector<layer_statistics> layers;  ///< in the order they were computed
  std::vector<gradient_statistics> gradients;
  std::vector<operator_count> operators;
  std::vector<std::string> not_counted;  ///< operators that the count does not know
  std::vector<double> norm_widths;       ///< lengths of rows that layers normalise
  double running_averages = 0;           ///< tensors of them
};

/// Throws input_error, one line that names the file, where it is malformed or of another schema.
run_statistics read_statistics(const std::filesystem::path& file);

}  // namespace pamkit::reports

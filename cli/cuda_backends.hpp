#pragma once

namespace pamkit::cli {

/// Makes the backends of the CUDA part known to `--backend`; once, at the start of the program.
void add_cuda_backends();

}  // namespace pamkit::cli

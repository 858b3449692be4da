#pragma once

/// PAMKIT_HD marks functions that are compiled for the host and, by nvcc, for the device too.
#if defined(__CUDACC__)
#define PAMKIT_HD __host__ __device__
#else
#define PAMKIT_HD
#endif

# LibTorch for CPU from the torch wheel or a LibTorch archive, by two imported targets of our own:
# find_package(Torch) of the wheel insists on a CUDA toolkit that nothing here uses.
#
#   PAMKIT_TORCH_DIR  the folder that holds include/ and lib/ (in a wheel: site-packages/torch)
#   pamkit::torch     link this: headers, torch_cpu, c10, and OpenMP as at::parallel_for needs it
set(PAMKIT_TORCH_DIR "" CACHE PATH "Folder of LibTorch: the one that holds include/ and lib/")
set(PAMKIT_TORCH_VERSION "2.11")

if(NOT EXISTS "${PAMKIT_TORCH_DIR}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "PAMKIT_TORCH_DIR='${PAMKIT_TORCH_DIR}' holds no lib/libtorch_cpu.so: "
    "name the folder of LibTorch ${PAMKIT_TORCH_VERSION} (in a wheel: site-packages/torch), "
    "or configure with -DPAMKIT_TRAINING=OFF")
endif()

set(version_header "${PAMKIT_TORCH_DIR}/include/torch/headeronly/version.h")
set(torch_version "unknown")
if(EXISTS "${version_header}")
  file(STRINGS "${version_header}" version_line REGEX "^ *\"[0-9]+\\.[0-9]+\\.[0-9]+\"")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" torch_version "${version_line}")
endif()
if(NOT torch_version MATCHES "^${PAMKIT_TORCH_VERSION}\\.")
  message(FATAL_ERROR "LibTorch in ${PAMKIT_TORCH_DIR} has version ${torch_version}: "
    "${PAMKIT_TORCH_VERSION} is needed")
endif()

# The C++ types in the interface must be those this compiler uses: the new string ABI.
foreach(name torch_cpu c10)
  add_library(pamkit_${name} SHARED IMPORTED GLOBAL)
  set_target_properties(pamkit_${name} PROPERTIES
    IMPORTED_LOCATION "${PAMKIT_TORCH_DIR}/lib/lib${name}.so")
endforeach()

# Without -fopenmp at::parallel_for runs on one thread. It is an option and no CMake package, so that a program
# finds the one libgomp that LibTorch has loaded.
add_library(pamkit_torch INTERFACE)
add_library(pamkit::torch ALIAS pamkit_torch)
target_include_directories(pamkit_torch SYSTEM INTERFACE
  "${PAMKIT_TORCH_DIR}/include" "${PAMKIT_TORCH_DIR}/include/torch/csrc/api/include")
# LibTorch's include folder holds an fmt of its own, found before the system's and without its library.
target_compile_definitions(pamkit_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1 FMT_HEADER_ONLY=1)
target_compile_options(pamkit_torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
target_link_options(pamkit_torch INTERFACE -fopenmp)
target_link_libraries(pamkit_torch INTERFACE pamkit_torch_cpu pamkit_c10)
# Programs find LibTorch where it was at build time, installed or not.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

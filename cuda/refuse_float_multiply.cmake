# cmake -DPTX=FILE -P refuse_float_multiply.cmake: fails when PTX holds a floating-point multiplication, FMA,
# division or square root, or flushes subnormals. The definitions compute even the exact product in integers.
file(STRINGS "${PTX}" entries REGEX "\\.entry")
list(LENGTH entries kernels)
if(kernels EQUAL 0)
  message(FATAL_ERROR "${PTX}: no kernel in it; nothing was checked")
endif()
file(STRINGS "${PTX}" refused REGEX "(mul|mad|fma|div|rcp|sqrt|rsqrt|ex2|lg2)\\.[a-z.0-9]*(f16|bf16|f32|f64)|\\.ftz")
if(refused)
  list(LENGTH refused count)
  list(GET refused 0 first)
  message(FATAL_ERROR "${PTX}: ${count} refused instructions, the first: ${first}")
endif()
message(STATUS "${kernels} kernels, no floating-point multiplication, division or flush in them")

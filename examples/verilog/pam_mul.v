// A piecewise affine multiplier: one integer addition of two encodings, two comparisons with the ends of
// the range, and the special operands. Policies flush and infinity.
//
// The parameters are those of the format; the defaults are bfloat16's. HAS_INFINITY 0 is OCP e4m3: no
// infinity, NaN is the all-ones magnitude alone, and what would be infinite is NaN.
//
// Combinational. All arithmetic is on WIDTH + 1 bits, signed, so that nothing wraps before the range is
// decided (docs/specification.md, section 6).
module pam_mul #(
    parameter EXPONENT = 8,
    parameter FRACTION = 7,
    parameter HAS_INFINITY = 1,
    localparam WIDTH = 1 + EXPONENT + FRACTION
) (
    input  wire [WIDTH-1:0] a,
    input  wire [WIDTH-1:0] b,
    output reg  [WIDTH-1:0] product
);
  localparam BIAS = (1 << (EXPONENT - 1)) - 1;
  localparam [WIDTH-2:0] TOP = {{EXPONENT{1'b1}}, {FRACTION{1'b0}}};  // infinity, where there is one
  localparam [WIDTH-2:0] MIN = 1 << FRACTION;
  localparam [WIDTH-2:0] ONE = BIAS << FRACTION;
  localparam [WIDTH-2:0] MAX = HAS_INFINITY != 0 ? TOP - 1'b1 : {{(WIDTH - 2) {1'b1}}, 1'b0};
  localparam [WIDTH-2:0] NAN =
      HAS_INFINITY != 0 ? TOP | (1 << (FRACTION - 1)) : {(WIDTH - 1) {1'b1}};

  wire [WIDTH-2:0] mag_a = a[WIDTH-2:0];
  wire [WIDTH-2:0] mag_b = b[WIDTH-2:0];
  wire sign = a[WIDTH-1] ^ b[WIDTH-1];

  // Subnormals are zeros.
  wire zero_a = mag_a < MIN;
  wire zero_b = mag_b < MIN;
  wire inf_a = HAS_INFINITY != 0 && mag_a == TOP;
  wire inf_b = HAS_INFINITY != 0 && mag_b == TOP;
  wire nan_a = mag_a > (HAS_INFINITY != 0 ? TOP : MAX);
  wire nan_b = mag_b > (HAS_INFINITY != 0 ? TOP : MAX);

  // From 2 MIN - ONE to 2 MAX - ONE.
`ifdef PLANTED_BUG
  // The carry out of the fractions is lost: exponents and fractions are added side by side.
  wire [FRACTION-1:0] fractions = mag_a[FRACTION-1:0] + mag_b[FRACTION-1:0];
  wire signed [WIDTH:0] exponents =
      $signed({2'b00, mag_a & ~(MIN - 1'b1)}) + $signed({2'b00, mag_b & ~(MIN - 1'b1)});
  wire signed [WIDTH:0] sum = exponents - $signed({2'b00, ONE}) +
      $signed({{(WIDTH + 1 - FRACTION) {1'b0}}, fractions});
`else
  wire signed [WIDTH:0] sum =
      $signed({2'b00, mag_a}) + $signed({2'b00, mag_b}) - $signed({2'b00, ONE});
`endif

  always @* begin
    if (nan_a || nan_b || (inf_a && zero_b) || (zero_a && inf_b)) product = {1'b0, NAN};
    else if (inf_a || inf_b) product = {sign, TOP};
    else if (zero_a || zero_b || sum < $signed({2'b00, MIN})) product = {sign, {(WIDTH - 1) {1'b0}}};
    else if (sum <= $signed({2'b00, MAX})) product = {sign, sum[WIDTH-2:0]};
    else product = HAS_INFINITY != 0 ? {sign, TOP} : {1'b0, NAN};
  end
endmodule

// Classifies one descriptor per cycle: a feed-forward pipeline without any control.
//
// Between the slices there is only logic without a clock, at most two levels of four-input tables:
//
//   input    192 bits  the descriptor
//   folded    64       the code, folded
//   header     8       magic and version to 3 bits; risk flags
//   halves    39       two halves of 16 parity checks; the other faults; risk
//   summary   11       whether the checksum is at fault, in three parts; the verdict if it is not
//   verdict            one table of five inputs for each bit, not registered here
//
// With REGISTERED = 0 the whole is the classifier without a clock, of which the equivalence with
// the specification is proven.
`default_nettype none

module capdesc_lane #(
    parameter int REGISTERED = 1
) (
    input  wire                                 clk,
    // All 0 unless an upset is injected: see capdesc_inject.
    input  wire  [capdesc_pkg::INJECT_BITS-1:0] flips,
    input  wire  [191:0]                        descriptor,
    output logic [7:0]                          verdict
);

  localparam int FOLDED_AT = capdesc_pkg::INJECT_FOLDED_AT;
  localparam int HEADER_AT = capdesc_pkg::INJECT_HEADER_AT;
  localparam int VERDICT_AT = capdesc_pkg::INJECT_VERDICT_AT;

  // Between the slice `header` and the verdict, and after it.
  wire unused_flips = ^{flips[VERDICT_AT-1:HEADER_AT+8], flips[VERDICT_AT+15:VERDICT_AT+8]};

  // Input.

  wire [191:0] wire_order;
  wire [191:0] bytes;

  capdesc_slice #(
      .WIDTH(192),
      .REGISTERED(REGISTERED)
  ) u_input_slice (
      .clk(clk),
      .flips(flips[191:0]),
      .d(descriptor),
      .q(wire_order)
  );

  // Most significant first: byte 0 leftmost. In words, which a simulator swaps in one step.
  generate
    for (genvar i = 0; i < 6; i = i + 1) begin : gen_word
      wire [31:0] word = wire_order[32*(5-i)+:32];
      assign bytes[32*i+:32] = {word[7:0], word[15:8], word[23:16], word[31:24]};
    end
  endgenerate

  // Folded.

  wire [31:0] magic = bytes[191:160];
  wire [15:0] version = bytes[159:144];
  wire [4:0] flags_d = bytes[84:80];
  wire [63:0] folded_d;
  wire [1:0] magic_wrong_d;
  wire version_wrong_d;
  wire [63:0] folded;
  wire [4:0] flags;
  wire [1:0] magic_wrong;
  wire version_wrong;

  capdesc_fold u_fold (
      .code(bytes[143:0]),
      .folded(folded_d)
  );

  assign magic_wrong_d[1] = magic[31:16] != capdesc_pkg::MAGIC[31:16];
  assign magic_wrong_d[0] = magic[15:0] != capdesc_pkg::MAGIC[15:0];
  assign version_wrong_d = version != capdesc_pkg::VERSION;

  // Two slices: a simulator is faster with 64 bits than with more.
  capdesc_slice #(
      .WIDTH(64),
      .REGISTERED(REGISTERED)
  ) u_folded_slice (
      .clk(clk),
      .flips(flips[FOLDED_AT+:64]),
      .d(folded_d),
      .q(folded)
  );

  capdesc_slice #(
      .WIDTH(8),
      .REGISTERED(REGISTERED)
  ) u_header_slice (
      .clk(clk),
      .flips(flips[HEADER_AT+:8]),
      .d({flags_d, version_wrong_d, magic_wrong_d}),
      .q({flags, version_wrong, magic_wrong})
  );

  // Halves.

  wire [15:0] low_d;
  wire [15:0] high_d;
  wire [2:0] risk_d;
  wire [2:0] fault_d;
  wire is_header_wrong_d;
  wire [15:0] low;
  wire [15:0] high;
  wire [2:0] risk;
  wire [2:0] fault;
  wire is_header_wrong;

  capdesc_checks u_checks (
      .folded(folded),
      .low(low_d),
      .high(high_d)
  );

  capdesc_faults u_faults (
      .flags(flags),
      .magic_wrong(magic_wrong),
      .version_wrong(version_wrong),
      .risk(risk_d),
      .fault(fault_d),
      .is_header_wrong(is_header_wrong_d)
  );

  capdesc_slice #(
      .WIDTH(39),
      .REGISTERED(REGISTERED)
  ) u_halves_slice (
      .clk(clk),
      .flips(39'b0),
      .d({risk_d, fault_d, is_header_wrong_d, high_d, low_d}),
      .q({risk, fault, is_header_wrong, high, low})
  );

  // Summary.

  wire [2:0] checksum_wrong_d;
  wire [7:0] otherwise_d;
  wire [2:0] checksum_wrong;
  wire [7:0] otherwise;

  capdesc_summary u_summary (
      .low(low),
      .high(high),
      .is_header_wrong(is_header_wrong),
      .fault(fault),
      .risk(risk),
      .checksum_wrong(checksum_wrong_d),
      .otherwise(otherwise_d)
  );

  capdesc_slice #(
      .WIDTH(11),
      .REGISTERED(REGISTERED)
  ) u_summary_slice (
      .clk(clk),
      .flips(11'b0),
      .d({checksum_wrong_d, otherwise_d}),
      .q({checksum_wrong, otherwise})
  );

  // Verdict.

  capdesc_verdict u_verdict (
      .checksum_wrong(checksum_wrong),
      .otherwise(otherwise),
      .flips(flips[VERDICT_AT+:8]),
      .verdict(verdict)
  );

endmodule

`default_nettype wire

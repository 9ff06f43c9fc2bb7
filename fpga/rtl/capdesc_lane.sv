// Classifies one descriptor per cycle: a feed-forward pipeline without any control.
//
// Between the slices there is only logic without a clock, at most two levels of four-input tables:
//
//   input    192 bits  the descriptor
//   folded    72       fold: the code to 64 bits; magic and version to 3; risk flags
//   halves    39       two partial parities of each of 16 remainder bits; other faults; risk
//   summary   11       whether the checksum is at fault, in three parts; the verdict if it is not
//   verdict            one table of five inputs for each bit, not registered here
//
// With REGISTERED = 0 the whole is the classifier without a clock, of which the equivalence with
// the specification is proven.
`default_nettype none

module capdesc_lane #(
    parameter int REGISTERED = 1
) (
    input  wire                                clk,
    // One-hot, and all 0 unless an upset is injected: see capdesc_inject.
    input  wire  [capdesc_pkg::INJECT_ROWS-1:0] flip_row,
    input  wire  [15:0]                         flip_column,
    input  wire  [7:0]                          flip_verdict,
    input  wire  [191:0]                        descriptor,
    output logic [7:0]                          verdict
);

  localparam int FOLDED_AT = capdesc_pkg::INJECT_ROWS_INPUT;

  // Input.

  wire [191:0] wire_order;
  wire [191:0] bytes;

  capdesc_slice #(
      .WIDTH(192),
      .REGISTERED(REGISTERED)
  ) u_input_slice (
      .clk(clk),
      .flip_row(flip_row[FOLDED_AT-1:0]),
      .flip_column(flip_column),
      .d(descriptor),
      .q(wire_order)
  );

  // Most significant first: byte 0 leftmost.
  generate
    for (genvar i = 0; i < 24; i = i + 1) begin : gen_byte
      assign bytes[8*(23-i)+:8] = wire_order[8*i+:8];
    end
  endgenerate

  // Folded.

  wire [31:0] magic = bytes[191:160];
  wire [15:0] version = bytes[159:144];
  wire [4:0] risk_flags = bytes[84:80];
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

  capdesc_slice #(
      .WIDTH(72),
      .REGISTERED(REGISTERED)
  ) u_folded_slice (
      .clk(clk),
      .flip_row(flip_row[FOLDED_AT+:capdesc_pkg::INJECT_ROWS_FOLDED]),
      .flip_column(flip_column),
      .d({risk_flags, version_wrong_d, magic_wrong_d, folded_d}),
      .q({flags, version_wrong, magic_wrong, folded})
  );

  // Halves.

  wire [15:0] even_d;
  wire [15:0] odd_d;
  wire [15:0] even;
  wire [15:0] odd;
  wire [2:0] risk_d;
  wire [2:0] fault_d;
  wire is_header_wrong_d;
  wire [2:0] risk;
  wire [2:0] fault;
  wire is_header_wrong;

  capdesc_halves u_halves (
      .folded(folded),
      .even(even_d),
      .odd(odd_d)
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
      .flip_row(3'b0),
      .flip_column(16'b0),
      .d({risk_d, fault_d, is_header_wrong_d, odd_d, even_d}),
      .q({risk, fault, is_header_wrong, odd, even})
  );

  // Summary.

  wire [2:0] checksum_wrong_d;
  wire [7:0] otherwise_d;
  wire [2:0] checksum_wrong;
  wire [7:0] otherwise;

  capdesc_summary u_summary (
      .even(even),
      .odd(odd),
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
      .flip_row(1'b0),
      .flip_column(16'b0),
      .d({checksum_wrong_d, otherwise_d}),
      .q({checksum_wrong, otherwise})
  );

  // Verdict.

  capdesc_verdict u_verdict (
      .checksum_wrong(checksum_wrong),
      .otherwise(otherwise),
      .flip(flip_verdict),
      .verdict(verdict)
  );

endmodule

`default_nettype wire

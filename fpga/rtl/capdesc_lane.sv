// Classifies one descriptor per cycle: a feed-forward pipeline without any control.
//
// Between the slices there is only logic without a clock, at most two levels of four-input tables:
//
//   input    192 bits  the descriptor
//   folded    72       fold: the code to 64 bits; magic and version to 3; risk flags
//   halves    39       two halves of 16 parity checks; the other faults; risk
//   summary   11       whether the checksum is at fault, in three parts; the verdict if it is not
//   verdict            one table for each bit, not registered here
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
  localparam int VERDICT_AT = capdesc_pkg::INJECT_VERDICT_AT;

  // Between the slice `folded` and the verdict, and after it.
  wire unused_flips = ^{flips[VERDICT_AT-1:FOLDED_AT+72], flips[VERDICT_AT+15:VERDICT_AT+8]};

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

  capdesc_slice #(
      .WIDTH(72),
      .REGISTERED(REGISTERED)
  ) u_folded_slice (
      .clk(clk),
      .flips(flips[FOLDED_AT+:72]),
      .d({flags_d, version_wrong_d, magic_wrong_d, folded_d}),
      .q({flags, version_wrong, magic_wrong, folded})
  );

  // Halves.

  wire [15:0] low_d;
  wire [15:0] high_d;
  wire is_magic_wrong = |magic_wrong;
  wire is_header_wrong_d = version_wrong | is_magic_wrong;
  logic [2:0] level;
  logic [2:0] fault_d;
  wire [2:0] risk_d = is_header_wrong_d ? capdesc_pkg::RISK_NONE : level;
  wire [15:0] low;
  wire [15:0] high;
  wire is_header_wrong;
  wire [2:0] fault;
  wire [2:0] risk;

  capdesc_checks u_checks (
      .folded(folded),
      .low(low_d),
      .high(high_d)
  );

  // The highest flag that is set.
  always_comb begin
    casez (flags)
      5'b1????: level = 3'd4;
      5'b01???: level = 3'd3;
      5'b001??: level = 3'd2;
      5'b0001?: level = 3'd1;
      5'b00001: level = 3'd0;
      default:  level = capdesc_pkg::RISK_NONE;
    endcase
  end

  // Any but the checksum's, which is found later, and goes before the last.
  always_comb begin
    if (is_magic_wrong) fault_d = capdesc_pkg::FAULT_MAGIC;
    else if (version_wrong) fault_d = capdesc_pkg::FAULT_VERSION;
    else if (flags == 5'd0) fault_d = capdesc_pkg::FAULT_NO_RISK;
    else fault_d = 3'd0;
  end

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

  // A part of the checks each; 0 where a fault of the header goes before the checksum's.
  wire [15:0] odd = low ^ high;
  wire [2:0] parts = {|odd[15:10], |odd[9:4], |odd[3:0]};
  wire [2:0] checksum_wrong_d = parts & {3{!is_header_wrong}};
  logic [1:0] decision;
  wire [2:0] checksum_wrong;
  // The verdict, unless the checksum is at fault.
  wire [7:0] otherwise;

  always_comb begin
    case (risk)
      3'd0: decision = 2'd0;
      3'd1: decision = 2'd0;
      3'd2: decision = 2'd1;
      3'd3: decision = 2'd2;
      default: decision = capdesc_pkg::REJECT;
    endcase
  end

  capdesc_slice #(
      .WIDTH(11),
      .REGISTERED(REGISTERED)
  ) u_summary_slice (
      .clk(clk),
      .flips(11'b0),
      .d({checksum_wrong_d, fault, risk, decision}),
      .q({checksum_wrong, otherwise})
  );

  // Verdict.

  localparam logic [7:0] CHECKSUM_VERDICT = {
      capdesc_pkg::FAULT_CHECKSUM, capdesc_pkg::RISK_NONE, capdesc_pkg::REJECT
  };

  assign verdict = (|checksum_wrong ? CHECKSUM_VERDICT : otherwise) ^ flips[VERDICT_AT+:8];

endmodule

`default_nettype wire

// Whether the checksum is at fault, in parts, and the verdict if it is not.
//
// A part is an OR of at most six bits of the remainder: a four-input table for two of them, which
// are halves yet, and one for the part.
`default_nettype none

module capdesc_summary (
    input  wire  [15:0] even,
    input  wire  [15:0] odd,
    input  wire         is_header_wrong,
    input  wire  [2:0]  fault,
    input  wire  [2:0]  risk,
    output logic [2:0]  checksum_wrong,
    output logic [7:0]  otherwise
);

  wire [15:0] remainder = even ^ odd;
  wire [2:0] parts = {|remainder[15:10], |remainder[9:4], |remainder[3:0]};
  logic [1:0] decision;

  // A fault of the header goes before the checksum's.
  assign checksum_wrong = parts & {3{!is_header_wrong}};
  assign otherwise = {fault, risk, decision};

  always_comb begin
    case (risk)
      3'd0: decision = 2'd0;
      3'd1: decision = 2'd0;
      3'd2: decision = 2'd1;
      3'd3: decision = 2'd2;
      default: decision = 2'd3;
    endcase
  end

endmodule

`default_nettype wire

// A 48-bit counter in three segments of 16 bits, whose carries are registered, so that no carry
// chain is longer than a segment.
//
// A snapshot reaches each segment one cycle after the one below it, as a carry does, so that the
// copy is the exact count of the cycle in which it was asked for. A higher segment looks ahead for
// its own carry: it stands still for thousands of cycles before one comes in. Copies are read
// through a chain of registers from counter to counter: one wide selector of all would be the
// slowest path.
`default_nettype none

module capdesc_counter #(
    parameter int STEP_BITS = 1
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire  [STEP_BITS-1:0] step,
    // One bit for each segment, each a cycle after the one below.
    input  wire  [2:0]           snapshot,
    // Half of the copy, or what comes from the counter before. Which half comes along with it.
    input  wire                  select,
    input  wire                  high_in,
    output logic                 high_out,
    input  wire  [31:0]          read_in,
    output logic [31:0]          read_out
);

  logic [47:0] copy_q;

  always_ff @(posedge clk) begin
    high_out <= high_in;
    read_out <= read_in;
    if (select) read_out <= high_in ? {16'd0, copy_q[47:32]} : copy_q[31:0];
  end

  generate
    for (genvar i = 0; i < 3; i = i + 1) begin : gen_segment
      logic [15:0] count_q;
      // Not used in the highest segment, which has nowhere to carry to.
      logic carry_q;

      if (i == 0) begin : gen_lowest
        always_ff @(posedge clk) begin
          if (snapshot[i]) copy_q[16*i+:16] <= count_q;
          {carry_q, count_q} <= {1'b0, count_q} + {{(17 - STEP_BITS) {1'b0}}, step};
          if (rst) {carry_q, count_q} <= '0;
        end
      end else begin : gen_higher
        logic is_full_q;
        always_ff @(posedge clk) begin
          if (snapshot[i]) copy_q[16*i+:16] <= count_q;
          is_full_q <= count_q == 16'hFFFF;
          carry_q <= gen_segment[i-1].carry_q & is_full_q;
          if (gen_segment[i-1].carry_q) count_q <= count_q + 16'd1;
          if (rst) {carry_q, count_q} <= '0;
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire

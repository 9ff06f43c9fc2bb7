// The queue behind the pipeline, with a registered output. What comes in always fits: see
// capdesc_credit. A beat that finds the queue empty and the output free goes past the memory.
`default_nettype none

module capdesc_queue #(
    parameter int WIDTH = 8,
    parameter int BEATS = 16
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              in_valid,
    input  wire  [WIDTH-1:0] in_data,
    output logic             out_valid,
    output logic [WIDTH-1:0] out_data,
    input  wire              out_ready
);

  localparam int INDEX_BITS = $clog2(BEATS);

  logic [WIDTH-1:0] beats_q[0:BEATS-1];
  logic [INDEX_BITS-1:0] write_index_q;
  logic [INDEX_BITS-1:0] read_index_q;
  // Bit i: more than i beats are in memory. In unary, as in capdesc_credit.
  logic [BEATS-1:0] fill_q;

  wire [BEATS-1:0] fill_more = {fill_q[BEATS-2:0], 1'b1};
  wire [BEATS-1:0] fill_less = {1'b0, fill_q[BEATS-1:1]};

  wire has_beat = fill_q[0];
  wire out_free = out_ready | !out_valid;

  // What goes past the memory is written to it all the same, and counts as read at once: what comes
  // in need not wait for whether it does.
  always_ff @(posedge clk) begin
    if (in_valid) beats_q[write_index_q] <= in_data;
    if (out_free) out_data <= has_beat ? beats_q[read_index_q] : in_data;
  end

  always_ff @(posedge clk) begin
    if (out_free) out_valid <= in_valid | has_beat;
    if (in_valid) write_index_q <= write_index_q + 1'b1;
    if (out_free & (in_valid | has_beat)) read_index_q <= read_index_q + 1'b1;
    // More or less by one, and nothing less than nothing.
    if (in_valid ^ out_free) fill_q <= in_valid ? fill_more : fill_less;
    if (rst) begin
      out_valid <= 1'b0;
      write_index_q <= '0;
      read_index_q <= '0;
      fill_q <= '0;
    end
  end

endmodule

`default_nettype wire

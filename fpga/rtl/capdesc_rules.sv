// The handshake law of one stream, as assertions: once up, valid stays and the beat does not change
// until it is taken. For simulation and proofs; synthesis does not see it.
`default_nettype none

module capdesc_rules #(
    parameter int WIDTH = 8
) (
    input wire             clk,
    input wire             rst,
    input wire             valid,
    input wire             ready,
    input wire [WIDTH-1:0] beat
);

  // The beat of the cycle before was offered, and not taken.
  logic was_held_q;
  logic [WIDTH-1:0] beat_q;

  initial was_held_q = 1'b0;

  // Not always_ff, in which Icarus warns of an assertion.
  always @(posedge clk) begin
    was_held_q <= valid & !ready & !rst;
    beat_q <= beat;
    if (was_held_q & !rst) begin
      assert (valid);
      assert (beat == beat_q);
    end
  end

endmodule

`default_nettype wire

// Lets in as many beats as the queue behind the pipeline can hold, so that the pipeline itself
// never has to stop: a stop would be an enable on every flip-flop of it.
//
// `ready` is registered. Beats are counted in unary, so that a bit depends on its neighbours only,
// and a cycle late: a binary counter, or one that is up to date, would be the slowest path. So one
// place of the queue is kept for the beat that is not yet counted.
`default_nettype none

module capdesc_credit #(
    parameter int BEATS = 16
) (
    input  wire  clk,
    input  wire  rst,
    // A beat was let in, or given, in the cycle before.
    input  wire  was_taken,
    input  wire  was_given,
    output logic ready
);

  // Bit i: more than i beats are inside.
  logic [BEATS-1:0] beats_q;
  logic [BEATS-1:0] beats_d;
  wire [BEATS-1:0] one_more = {beats_q[BEATS-2:0], 1'b1};
  wire [BEATS-1:0] one_less = {1'b0, beats_q[BEATS-1:1]};

  always_comb begin
    beats_d = beats_q;
    if (was_taken & !was_given) beats_d = one_more;
    if (was_given & !was_taken) beats_d = one_less;
  end

  always_ff @(posedge clk) begin
    beats_q <= beats_d;
    ready <= !beats_d[BEATS-2];
    if (rst) begin
      beats_q <= '0;
      ready <= 1'b0;
    end
  end

endmodule

`default_nettype wire

// The decoder of the injection port: two cycles after a request the bit that it names is up, and no
// other, whatever came before; in all other cycles none.
`default_nettype none

module inject (
    input wire       clk,
    input wire       rst,
    input wire       request,
    input wire [8:0] index
);

  localparam int BITS = capdesc_pkg::INJECT_BITS;

  wire [BITS-1:0] flips;

  capdesc_inject u_inject (
      .clk(clk),
      .rst(rst),
      .request(request),
      .index(index),
      .flips(flips)
  );

  // Cycles since the reset at first, up to three.
  logic [1:0] age_q = 2'd0;
  logic [1:0] requests_q;
  logic [17:0] indices_q;
  wire [511:0] due = requests_q[1] ? 512'd1 << indices_q[17:9] : 512'd0;

  always_ff @(posedge clk) begin
    // What is asked for during a reset is not heard.
    requests_q <= {requests_q[0], request & !rst};
    indices_q <= {indices_q[8:0], index};
    if (age_q != 2'd3) age_q <= age_q + 2'd1;
  end

  always_comb begin
    if (age_q == 2'd0) assume (rst);
    if (age_q >= 2'd2) assert (flips == due[BITS-1:0]);
    cover (age_q == 2'd3 & flips[279]);
  end

endmodule

`default_nettype wire

// The whole top as it is, from a reset, for so many cycles: one lane, its classifier included. The
// source chooses freely when to offer, and which of 16 descriptors; the sink, when to take. The
// table of them and of their verdicts is in `capdesc_samples`, written by scripts/prove-rtl.
`default_nettype none

module real_top (
    input wire       clk,
    input wire       rst,
    input wire [3:0] choice,
    input wire       offer,
    input wire       is_kept,
    input wire       is_last,
    input wire       m_axis_tready,
    input wire       do_mark
);

  localparam int LATENCY = capdesc_pkg::LATENCY;

  wire [191:0] descriptor;
  wire [7:0] verdict;
  wire s_axis_tready;
  wire [7:0] m_axis_tdata;
  wire m_axis_tkeep;
  wire m_axis_tvalid;
  wire m_axis_tlast;

  capdesc_samples u_samples (
      .choice(choice),
      .descriptor(descriptor),
      .verdict(verdict)
  );

  capdesc_axis #(
      .LANES(1)
  ) u_axis (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(descriptor),
      .s_axis_tkeep({is_kept, 23'd0}),
      .s_axis_tvalid(offer),
      .s_axis_tlast(is_last),
      .s_axis_tready(s_axis_tready),
      .m_axis_tdata(m_axis_tdata),
      .m_axis_tkeep(m_axis_tkeep),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tlast(m_axis_tlast),
      .m_axis_tready(m_axis_tready),
      .inject_lanes(1'b0),
      .inject_index(9'd0)
  );

  wire taken = offer & s_axis_tready;
  wire given = m_axis_tvalid & m_axis_tready;
  wire [9:0] beat_out = {m_axis_tlast, m_axis_tkeep, m_axis_tdata};

  logic is_reset_q = 1'b0;
  logic [8:0] inside_q;
  logic is_free_q;
  logic [LATENCY-1:0] taken_q;
  logic held_q;
  logic [9:0] held_beat_q;
  logic is_marked_q;
  logic [8:0] ahead_q;
  logic [9:0] marked_q;

  always_ff @(posedge clk) begin
    is_reset_q <= 1'b1;
    inside_q <= inside_q + {8'd0, taken} - {8'd0, given};
    if (inside_q == 0) is_free_q <= 1'b1;
    if (m_axis_tvalid & !m_axis_tready) is_free_q <= 1'b0;
    taken_q <= {taken_q[LATENCY-2:0], taken};
    held_q <= m_axis_tvalid & !m_axis_tready;
    held_beat_q <= beat_out;
    if (is_marked_q) begin
      if (given) ahead_q <= ahead_q - 9'd1;
      if (given & ahead_q == 0) is_marked_q <= 1'b0;
    end else if (taken & do_mark) begin
      is_marked_q <= 1'b1;
      ahead_q <= inside_q - {8'd0, given};
      marked_q <= {is_last, is_kept, verdict};
    end
    if (rst) begin
      inside_q <= 0;
      is_free_q <= 1'b1;
      taken_q <= 0;
      held_q <= 1'b0;
      is_marked_q <= 1'b0;
    end
  end

  always_comb begin
    assume (rst == !is_reset_q);
    if (is_reset_q) begin
      if (held_q) assert (m_axis_tvalid & beat_out == held_beat_q);
      assert (inside_q <= 16 & !(given & inside_q == 0));
      if (is_marked_q & m_axis_tvalid & ahead_q == 0) assert (beat_out == marked_q);
      if (is_free_q) assert (m_axis_tvalid == taken_q[LATENCY-1]);
    end
  end

endmodule

`default_nettype wire

// What is placed and routed to learn the clock rate of capdesc_axis: the whole of it, with a
// register before every input and behind every output.
//
// One lane has more ports than a large package has pins, and pins would be the slowest paths: here
// a shift register feeds all inputs, and all outputs are folded into one bit, so that nothing can
// be optimised away and four pins are enough. This adds a flip-flop for each input bit, two for
// each output bit, and a table for each bit of the fold. No path of the design itself is changed:
// an input comes from a flip-flop, as it would in a larger design, and an output goes to one.
`default_nettype none

module capdesc_fit #(
    parameter int LANES = 1
) (
    input  wire  clk,
    input  wire  rst_pin,
    input  wire  serial_in,
    output logic serial_out
);

  // In the order of the concatenations below.
  localparam int IN_BITS = 217 * LANES + 69;
  localparam int OUT_BITS = 9 * LANES + 44;

  logic rst;
  logic [IN_BITS-1:0] in_q;
  wire [OUT_BITS-1:0] out;
  logic [OUT_BITS-1:0] out_q;
  logic [OUT_BITS-1:0] fold_q;

  wire [192*LANES-1:0] tdata;
  wire [24*LANES-1:0] tkeep;
  wire tvalid, tlast, tready;
  wire [7:0] awaddr, araddr;
  wire [31:0] wdata;
  wire [3:0] wstrb;
  wire awvalid, wvalid, bready, arvalid, rready;
  wire [LANES-1:0] inject_lanes;
  wire [8:0] inject_index;

  wire s_tready, m_tvalid, m_tlast, awready, wready, bvalid, arready, rvalid;
  wire [8*LANES-1:0] m_tdata;
  wire [LANES-1:0] m_tkeep;
  wire [1:0] bresp, rresp;
  wire [31:0] rdata;

  assign {tdata, tkeep, tvalid, tlast, tready, awaddr, awvalid, wdata, wstrb, wvalid, bready,
      araddr, arvalid, rready, inject_lanes, inject_index} = in_q;
  assign out = {s_tready, m_tdata, m_tkeep, m_tvalid, m_tlast, awready, wready, bresp, bvalid,
      arready, rdata, rresp, rvalid};

  always_ff @(posedge clk) begin
    rst <= rst_pin;
    in_q <= {in_q[IN_BITS-2:0], serial_in};
    out_q <= out;
    fold_q <= {fold_q[OUT_BITS-2:0], 1'b0} ^ out_q;
    serial_out <= fold_q[OUT_BITS-1];
  end

  capdesc_axis #(
      .LANES(LANES)
  ) u_design (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(tdata),
      .s_axis_tkeep(tkeep),
      .s_axis_tvalid(tvalid),
      .s_axis_tlast(tlast),
      .s_axis_tready(s_tready),
      .m_axis_tdata(m_tdata),
      .m_axis_tkeep(m_tkeep),
      .m_axis_tvalid(m_tvalid),
      .m_axis_tlast(m_tlast),
      .m_axis_tready(tready),
      .s_axil_awaddr(awaddr),
      .s_axil_awvalid(awvalid),
      .s_axil_awready(awready),
      .s_axil_wdata(wdata),
      .s_axil_wstrb(wstrb),
      .s_axil_wvalid(wvalid),
      .s_axil_wready(wready),
      .s_axil_bresp(bresp),
      .s_axil_bvalid(bvalid),
      .s_axil_bready(bready),
      .s_axil_araddr(araddr),
      .s_axil_arvalid(arvalid),
      .s_axil_arready(arready),
      .s_axil_rdata(rdata),
      .s_axil_rresp(rresp),
      .s_axil_rvalid(rvalid),
      .s_axil_rready(rready),
      .inject_lanes(inject_lanes),
      .inject_index(inject_index)
  );

endmodule

`default_nettype wire

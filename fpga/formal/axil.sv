// The register block: handshakes of AXI4-Lite, the register map, and when a copy is made.
//
// Of the source only what AXI asks is assumed: what it offers stays until it is taken. The copies
// are free, and may change in any cycle; a read is only right about one that did not.
`default_nettype none

module axil (
    input wire         clk,
    input wire         rst,
    input wire [7:0]   s_axil_awaddr,
    input wire         s_axil_awvalid,
    input wire [31:0]  s_axil_wdata,
    input wire [3:0]   s_axil_wstrb,
    input wire         s_axil_wvalid,
    input wire         s_axil_bready,
    input wire [7:0]   s_axil_araddr,
    input wire         s_axil_arvalid,
    input wire         s_axil_rready,
    input wire [575:0] copies
);

  // Cycles from an access taken to its answer offered.
  localparam int WRITE_CYCLES = 7;
  // And to the first segment of the counters copied: they lag as much behind the stream.
  localparam int COPY_CYCLES = 4;
  localparam int READ_CYCLES = capdesc_pkg::COUNTER_COUNT + 5;

  wire s_axil_awready;
  wire s_axil_wready;
  wire [1:0] s_axil_bresp;
  wire s_axil_bvalid;
  wire s_axil_arready;
  wire [31:0] s_axil_rdata;
  wire [1:0] s_axil_rresp;
  wire s_axil_rvalid;
  wire [2:0] snapshot;
  wire holds;

  exposed_registers u_exposed (
      .clk(clk),
      .rst(rst),
      .s_axil_awaddr(s_axil_awaddr),
      .s_axil_awvalid(s_axil_awvalid),
      .s_axil_awready(s_axil_awready),
      .s_axil_wdata(s_axil_wdata),
      .s_axil_wstrb(s_axil_wstrb),
      .s_axil_wvalid(s_axil_wvalid),
      .s_axil_wready(s_axil_wready),
      .s_axil_bresp(s_axil_bresp),
      .s_axil_bvalid(s_axil_bvalid),
      .s_axil_bready(s_axil_bready),
      .s_axil_araddr(s_axil_araddr),
      .s_axil_arvalid(s_axil_arvalid),
      .s_axil_arready(s_axil_arready),
      .s_axil_rdata(s_axil_rdata),
      .s_axil_rresp(s_axil_rresp),
      .s_axil_rvalid(s_axil_rvalid),
      .s_axil_rready(s_axil_rready),
      .snapshot(snapshot),
      .copies(copies),
      .holds(holds)
  );

  wire aw_taken = s_axil_awvalid & s_axil_awready;
  wire w_taken = s_axil_wvalid & s_axil_wready;
  wire ar_taken = s_axil_arvalid & s_axil_arready;
  wire b_given = s_axil_bvalid & s_axil_bready;
  wire r_given = s_axil_rvalid & s_axil_rready;

  logic is_reset_q = 1'b0;
  logic was_reset_q;
  logic aw_waits_q;
  logic w_waits_q;
  logic ar_waits_q;
  logic [7:0] awaddr_q;
  logic [31:0] wdata_q;
  logic [3:0] wstrb_q;
  logic [7:0] araddr_q;
  logic b_waits_q;
  logic r_waits_q;
  logic [1:0] bresp_q;
  logic [31:0] rdata_q;
  logic [1:0] rresp_q;
  logic [575:0] copies_q;
  // An access taken and not answered, its age in cycles, what is due, and whether it must be right.
  logic is_writing_q;
  logic [7:0] write_age_q;
  logic [1:0] bresp_due_q;
  // A copy asked for by a write that was taken so many cycles ago.
  logic [COPY_CYCLES-1:0] begins_q;
  logic is_reading_q;
  logic [7:0] read_age_q;
  logic [5:0] index_q;
  logic is_steady_q;
  logic [1:0] was_snapshot_q;

  always_ff @(posedge clk) begin
    was_reset_q <= rst;
    aw_waits_q <= s_axil_awvalid & !s_axil_awready;
    w_waits_q <= s_axil_wvalid & !s_axil_wready;
    ar_waits_q <= s_axil_arvalid & !s_axil_arready;
    awaddr_q <= s_axil_awaddr;
    wdata_q <= s_axil_wdata;
    wstrb_q <= s_axil_wstrb;
    araddr_q <= s_axil_araddr;
    b_waits_q <= s_axil_bvalid & !s_axil_bready;
    r_waits_q <= s_axil_rvalid & !s_axil_rready;
    bresp_q <= s_axil_bresp;
    rdata_q <= s_axil_rdata;
    rresp_q <= s_axil_rresp;
    copies_q <= copies;
    was_snapshot_q <= rst ? 2'b00 : snapshot[1:0];

    write_age_q <= write_age_q + 8'd1;
    if (s_axil_bvalid) write_age_q <= write_age_q;
    if (b_given) is_writing_q <= 1'b0;
    begins_q <= begins_q << 1;
    if (aw_taken) begin
      is_writing_q <= 1'b1;
      write_age_q <= 8'd1;
      bresp_due_q <= s_axil_awaddr[7:2] == 6'd2 ? 2'b00 : 2'b10;
      begins_q[0] <= s_axil_awaddr[7:2] == 6'd2 & s_axil_wstrb[0] & s_axil_wdata[0];
    end
    read_age_q <= read_age_q + 8'd1;
    if (s_axil_rvalid) read_age_q <= read_age_q;
    if (r_given) is_reading_q <= 1'b0;
    if (copies != copies_q & !s_axil_rvalid) is_steady_q <= 1'b0;
    if (ar_taken) begin
      is_reading_q <= 1'b1;
      read_age_q <= 8'd1;
      index_q <= s_axil_araddr[7:2];
      is_steady_q <= 1'b1;
    end
    if (rst) begin
      is_reset_q <= 1'b1;
      aw_waits_q <= 1'b0;
      w_waits_q <= 1'b0;
      ar_waits_q <= 1'b0;
      b_waits_q <= 1'b0;
      r_waits_q <= 1'b0;
      is_writing_q <= 1'b0;
      is_reading_q <= 1'b0;
      begins_q <= 0;
    end
  end

  // The copy that the read is due.
  wire [5:0] counter = {1'b0, index_q[5:1]} - 6'd8;
  wire is_counter = index_q >= 6'd16 & index_q < 6'd40;
  logic [47:0] copy;
  logic [31:0] rdata_due;
  logic [1:0] rresp_due;

  always_comb begin
    copy = 0;
    for (int i = 0; i < 12; i = i + 1) if (counter == i) copy = copies_q[48*i+:48];
    rresp_due = 2'b00;
    if (index_q == 6'd0) rdata_due = {"C", "A", "P", "D"};
    else if (index_q == 6'd1) begin
      rdata_due = {8'd1, 8'd0, 8'd0, 8'd1} | (capdesc_pkg::LATENCY << 8);
    end else if (is_counter) rdata_due = index_q[0] ? {16'd0, copy[47:32]} : copy[31:0];
    else begin
      rdata_due = 0;
      rresp_due = 2'b10;
    end
  end

  // The data is compared in the first cycle of the answer, and held from then on.
  wire is_new = s_axil_rvalid & !r_waits_q;

  always_comb begin
    if (!is_reset_q) assume (rst);
    if (is_reset_q & !was_reset_q) begin
      if (aw_waits_q) assume (s_axil_awvalid & s_axil_awaddr == awaddr_q);
      if (w_waits_q) assume (s_axil_wvalid & s_axil_wdata == wdata_q & s_axil_wstrb == wstrb_q);
      if (ar_waits_q) assume (s_axil_arvalid & s_axil_araddr == araddr_q);
    end
    if (is_reset_q) begin
      // Answers stay until taken.
      if (b_waits_q) assert (s_axil_bvalid & s_axil_bresp == bresp_q);
      if (r_waits_q) begin
        assert (s_axil_rvalid & s_axil_rdata == rdata_q & s_axil_rresp == rresp_q);
      end
      // Address and data of a write are taken together; one access at a time; an answer to each
      // access and to nothing else, after a fixed time.
      assert (aw_taken == w_taken);
      if (is_writing_q) assert (!aw_taken & s_axil_bvalid == (write_age_q == WRITE_CYCLES));
      else assert (!s_axil_bvalid);
      if (is_reading_q) assert (!ar_taken & s_axil_rvalid == (read_age_q == READ_CYCLES));
      else assert (!s_axil_rvalid);
      // The register map.
      if (s_axil_bvalid) assert (s_axil_bresp == bresp_due_q);
      if (s_axil_rvalid) assert (s_axil_rresp == rresp_due);
      if (is_new & rresp_due == 2'b00 & (is_steady_q | !is_counter)) begin
        assert (s_axil_rdata == rdata_due);
      end
      // A copy begins a fixed time after the write that asks for it, reaches a segment each cycle,
      // and is whole when the write is answered.
      assert (snapshot[0] == begins_q[COPY_CYCLES-1]);
      assert (snapshot[2:1] == was_snapshot_q);
      if (s_axil_bvalid) assert (snapshot == 0);
      // What makes these inductive.
      assert (holds);
      if (is_writing_q) assert (write_age_q >= 1 & write_age_q <= WRITE_CYCLES);
      if (is_reading_q) assert (read_age_q >= 1 & read_age_q <= READ_CYCLES);
    end
  end

  always_comb begin
    if (is_reset_q & !rst) begin
      cover (b_given & bresp_due_q == 2'b00 & write_age_q == WRITE_CYCLES);
      cover (b_given & bresp_due_q == 2'b10);
      cover (r_given & r_waits_q & index_q == 6'd39 & s_axil_rdata == 32'h1234);
      cover (r_given & rresp_due == 2'b10);
      cover (snapshot[2]);
      cover (r_waits_q & copies != copies_q & s_axil_rresp == 2'b00);
    end
  end

endmodule

`default_nettype wire

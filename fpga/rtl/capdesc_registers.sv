// The register block, behind AXI4-Lite with 32-bit words. One access at a time, each way.
//
//   0x00       read   "CAPD"
//   0x04       read   lanes in bits 7..0, latency in cycles in bits 15..8, map version in 31..24
//   0x08       write  bit 0: copy all counters, as they are in one and the same cycle
//   0x40 + 8k  read   counter k of the last copy, bits 31..0
//   0x44 + 8k  read   counter k of the last copy, bits 47..32
//
// Counters: 0 descriptors taken, 1 verdicts given, 2 cycles in which the source was held back,
// 3 cycles in which the sink held a verdict back, 4 to 7 faults (magic, version, checksum, no risk
// level), 8 to 11 decisions (approve, caution, require approval, reject).
// A write is answered when its copy is whole. Anything else is answered with SLVERR.
`default_nettype none

module capdesc_registers #(
    parameter int LANES = 1
) (
    input wire clk,
    input wire rst,

    input  wire  [7:0]  s_axil_awaddr,
    input  wire         s_axil_awvalid,
    output logic        s_axil_awready,
    input  wire  [31:0] s_axil_wdata,
    input  wire  [3:0]  s_axil_wstrb,
    input  wire         s_axil_wvalid,
    output logic        s_axil_wready,
    output logic [1:0]  s_axil_bresp,
    output logic        s_axil_bvalid,
    input  wire         s_axil_bready,
    input  wire  [7:0]  s_axil_araddr,
    input  wire         s_axil_arvalid,
    output logic        s_axil_arready,
    output logic [31:0] s_axil_rdata,
    output logic [1:0]  s_axil_rresp,
    output logic        s_axil_rvalid,
    input  wire         s_axil_rready,

    // One bit for each segment of the counters, each a cycle after the one below.
    output logic [2:0]                               snapshot,
    // The chain of readable words: its head, one bit for each counter in it, and its end, which
    // follows COUNTER_COUNT cycles later, or sooner.
    output logic [31:0]                              read_head,
    output logic [capdesc_pkg::COUNTER_COUNT-1:0]    select,
    output logic                                     select_high,
    input  wire  [31:0]                              read_word
);

  localparam logic [31:0] NAME = 32'h43415044;
  localparam logic [7:0] MAP_VERSION = 8'd1;
  localparam int SHAPE = 256 * capdesc_pkg::LATENCY + LANES;
  localparam logic [31:0] FACTS = {MAP_VERSION, 8'd0, SHAPE[15:0]};
  localparam logic [1:0] OKAY = 2'b00;
  localparam logic [1:0] SLVERR = 2'b10;

  // Write: decoded in one cycle, taken in the next, carried out in six, then answered. Until a
  // source is taken at its word it must not change it, so that both cycles see the same.

  wire write_taken = s_axil_awready & s_axil_awvalid & s_axil_wvalid;
  logic is_control_q;
  logic is_copy_q;
  // The counters lag three cycles: a copy must have all that was given before it was asked for.
  // When the last bit is up the highest segment is copied.
  logic [5:0] write_age_q;
  logic [5:0] copy_age_q;
  logic write_busy_q;

  assign s_axil_wready = s_axil_awready;
  assign snapshot = copy_age_q[5:3];

  always_ff @(posedge clk) begin
    s_axil_awready <= s_axil_awvalid & s_axil_wvalid & !s_axil_awready & !write_busy_q;
    is_control_q <= s_axil_awaddr[7:2] == 6'h02;
    is_copy_q <= s_axil_wstrb[0] & s_axil_wdata[0];
    copy_age_q <= {copy_age_q[4:0], write_taken & is_control_q & is_copy_q};
    write_age_q <= {write_age_q[4:0], write_taken};
    if (write_taken) begin
      write_busy_q <= 1'b1;
      s_axil_bresp <= is_control_q ? OKAY : SLVERR;
    end
    if (write_age_q[5]) s_axil_bvalid <= 1'b1;
    if (s_axil_bvalid & s_axil_bready) begin
      s_axil_bvalid <= 1'b0;
      write_busy_q <= 1'b0;
    end
    if (rst) begin
      s_axil_awready <= 1'b0;
      s_axil_bvalid <= 1'b0;
      write_busy_q <= 1'b0;
      copy_age_q <= '0;
      write_age_q <= '0;
    end
  end

  // Read: the address, the selection, and after the length of the chain the word.

  localparam int COUNTERS = capdesc_pkg::COUNTER_COUNT;

  wire read_taken = s_axil_arready & s_axil_arvalid;
  logic [5:0] index_q;
  logic [COUNTERS+3:0] read_age_q;
  logic read_busy_q;
  logic is_head_q;
  logic is_counter_q;
  // Which counter, in base 8, one-hot: the selection is decoded in two steps. Counters begin at 8.
  logic [7:0] low_q;
  logic [1:0] high_q;
  wire is_low = index_q[5:4] == 2'd1;
  wire is_high = index_q[5:4] == 2'd2;

  always_ff @(posedge clk) begin
    read_head <= index_q[0] ? FACTS : NAME;
    is_head_q <= index_q[5:1] == 5'd0;
    is_counter_q <= is_low | (is_high & !index_q[3]);
    low_q <= 8'd1 << index_q[3:1];
    high_q <= {is_high, is_low};
    select <= {low_q[COUNTERS-9:0] & {(COUNTERS - 8) {high_q[1]}}, low_q & {8{high_q[0]}}};
    select_high <= index_q[0];
    // Held until it is taken, though a new copy changes the word.
    if (!s_axil_rvalid) s_axil_rdata <= read_word;
    s_axil_rresp <= is_head_q | is_counter_q ? OKAY : SLVERR;
    s_axil_arready <= s_axil_arvalid & !s_axil_arready & !read_busy_q;
    read_age_q <= {read_age_q[COUNTERS+2:0], read_taken};
    if (read_taken) read_busy_q <= 1'b1;
    if (!read_busy_q) index_q <= s_axil_araddr[7:2];
    if (read_age_q[COUNTERS+3]) s_axil_rvalid <= 1'b1;
    if (s_axil_rvalid & s_axil_rready) begin
      s_axil_rvalid <= 1'b0;
      read_busy_q <= 1'b0;
    end
    if (rst) begin
      s_axil_arready <= 1'b0;
      s_axil_rvalid <= 1'b0;
      read_busy_q <= 1'b0;
      read_age_q <= '0;
    end
  end

  wire [32:0] unused_write = {s_axil_wdata[31:1], s_axil_awaddr[1:0]};
  wire [4:0] unused_read = {s_axil_wstrb[3:1], s_axil_araddr[1:0]};

endmodule

`default_nettype wire

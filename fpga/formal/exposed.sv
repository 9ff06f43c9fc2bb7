// The only file here that knows names inside the RTL: takes the flattened top, whose registers the
// scripts turned into ports, gives them plain names, and states what always holds of them.
//
// `holds` is 1 in every state that can be reached after a reset. scripts/prove-rtl proves that, and
// both it and scripts/mutate-rtl then rely on it.
`default_nettype none

module exposed #(
    parameter int LANES = 1
) (
    input wire clk,
    input wire rst,

    input  wire [192*LANES-1:0] s_axis_tdata,
    input  wire [24*LANES-1:0]  s_axis_tkeep,
    input  wire                 s_axis_tvalid,
    input  wire                 s_axis_tlast,
    output wire                 s_axis_tready,

    output wire [8*LANES-1:0] m_axis_tdata,
    output wire [LANES-1:0]   m_axis_tkeep,
    output wire               m_axis_tvalid,
    output wire               m_axis_tlast,
    input  wire               m_axis_tready,

    input  wire [7:0]  s_axil_awaddr,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [1:0]  s_axil_bresp,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [7:0]  s_axil_araddr,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,

    input wire [LANES-1:0] inject_lanes,
    input wire [8:0]       inject_index,

    // What travels beside the data, stage by stage, and what has been counted.
    output wire [capdesc_pkg::LATENCY-2:0]             valid,
    output wire [(capdesc_pkg::LATENCY-1)*(LANES+1)-1:0] side,
    output wire [15:0]                                 counted,
    output wire [15:0]                                 fill,
    output wire [3:0]                                  read_index,
    output wire [16*(9*LANES+1)-1:0]                   memory,
    output wire [8:0]                                  inside,
    output wire                                        holds
);

  localparam int DEPTH = capdesc_pkg::LATENCY - 1;
  localparam int WIDTH = 9 * LANES + 1;

  wire was_given;
  wire [3:0] write_index;
  wire write_busy;
  wire [5:0] write_age;
  wire [5:0] copy_age;
  wire read_busy;
  wire [capdesc_pkg::COUNTER_COUNT+3:0] read_age;

  capdesc_axis u_axis (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(s_axis_tdata),
      .s_axis_tkeep(s_axis_tkeep),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tlast(s_axis_tlast),
      .s_axis_tready(s_axis_tready),
      .m_axis_tdata(m_axis_tdata),
      .m_axis_tkeep(m_axis_tkeep),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tlast(m_axis_tlast),
      .m_axis_tready(m_axis_tready),
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
      .inject_lanes(inject_lanes),
      .inject_index(inject_index),
      .\valid_q (valid),
      .\side_q (side),
      .\given_q (was_given),
      .\u_credit.beats_q (counted),
      .\u_queue.fill_q (fill),
      .\u_queue.write_index_q (write_index),
      .\u_queue.read_index_q (read_index),
      .\u_queue.beats_q[0] (memory[0*WIDTH+:WIDTH]),
      .\u_queue.beats_q[1] (memory[1*WIDTH+:WIDTH]),
      .\u_queue.beats_q[2] (memory[2*WIDTH+:WIDTH]),
      .\u_queue.beats_q[3] (memory[3*WIDTH+:WIDTH]),
      .\u_queue.beats_q[4] (memory[4*WIDTH+:WIDTH]),
      .\u_queue.beats_q[5] (memory[5*WIDTH+:WIDTH]),
      .\u_queue.beats_q[6] (memory[6*WIDTH+:WIDTH]),
      .\u_queue.beats_q[7] (memory[7*WIDTH+:WIDTH]),
      .\u_queue.beats_q[8] (memory[8*WIDTH+:WIDTH]),
      .\u_queue.beats_q[9] (memory[9*WIDTH+:WIDTH]),
      .\u_queue.beats_q[10] (memory[10*WIDTH+:WIDTH]),
      .\u_queue.beats_q[11] (memory[11*WIDTH+:WIDTH]),
      .\u_queue.beats_q[12] (memory[12*WIDTH+:WIDTH]),
      .\u_queue.beats_q[13] (memory[13*WIDTH+:WIDTH]),
      .\u_queue.beats_q[14] (memory[14*WIDTH+:WIDTH]),
      .\u_queue.beats_q[15] (memory[15*WIDTH+:WIDTH]),
      .\u_registers.write_busy_q (write_busy),
      .\u_registers.write_age_q (write_age),
      .\u_registers.copy_age_q (copy_age),
      .\u_registers.read_busy_q (read_busy),
      .\u_registers.read_age_q (read_age)
  );

  // Beats by place.

  logic [8:0] in_pipeline;
  logic [8:0] in_queue;
  logic [8:0] in_credit;

  always_comb begin
    in_pipeline = 0;
    for (int i = 0; i < DEPTH; i = i + 1) in_pipeline = in_pipeline + {8'd0, valid[i]};
    in_queue = 0;
    in_credit = 0;
    for (int i = 0; i < 16; i = i + 1) begin
      in_queue = in_queue + {8'd0, fill[i]};
      in_credit = in_credit + {8'd0, counted[i]};
    end
  end

  assign inside = in_pipeline + in_queue + {8'd0, m_axis_tvalid};

  // No bit is up above one that is not.
  wire are_unary = (counted & (counted + 16'd1)) == 0 & (fill & (fill + 16'd1)) == 0;
  // The credit is right, but for the beats of the last cycle; and never is there more inside than
  // the queue can hold, so that it cannot overflow.
  wire is_counted = in_credit + {8'd0, valid[0]} == inside + {8'd0, was_given};
  wire does_fit = inside <= 16;
  // A beat waits in memory only behind one at the output.
  wire is_output_first = !fill[0] | m_axis_tvalid;
  wire [3:0] used = write_index - read_index;
  wire is_memory_counted = used == in_queue[3:0];
  wire is_ready_right = !s_axis_tready | !counted[14];

  // One access at a time, each way, at one stage of its way.
  wire is_write_right = (write_age & (write_age - 6'd1)) == 0
      & write_busy == (|write_age | s_axil_bvalid)
      & !(|write_age & s_axil_bvalid)
      & !(s_axil_awready & write_busy)
      & (copy_age & ~write_age) == 0;
  wire is_read_right = (read_age & (read_age - 1'b1)) == 0
      & read_busy == (|read_age | s_axil_rvalid)
      & !(|read_age & s_axil_rvalid)
      & !(s_axil_arready & read_busy);

  assign holds = are_unary & is_counted & does_fit & is_output_first & is_memory_counted
      & is_ready_right & is_write_right & is_read_right;

endmodule

// The register block with the counters behind it, of which only the copies are left, as inputs.

module registers_and_stats (
    input  wire        clk,
    input  wire        rst,
    input  wire [7:0]  s_axil_awaddr,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [1:0]  s_axil_bresp,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [7:0]  s_axil_araddr,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,
    output wire [2:0]  snapshot
);

  wire [capdesc_pkg::COUNTER_COUNT-1:0] select;
  wire select_high;
  wire [31:0] read_head;
  wire [31:0] read_word;

  capdesc_stats #(
      .LANES(1)
  ) u_stats (
      .clk(clk),
      .rst(rst),
      .taken(1'b0),
      .given(1'b0),
      .verdicts(8'd0),
      .source_stalled(1'b0),
      .sink_stalled(1'b0),
      .snapshot(snapshot),
      .read_head(read_head),
      .select(select),
      .select_high(select_high),
      .read_word(read_word)
  );

  capdesc_registers #(
      .LANES(1)
  ) u_registers (
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
      .read_head(read_head),
      .select(select),
      .select_high(select_high),
      .read_word(read_word)
  );

endmodule

module exposed_registers (
    input  wire         clk,
    input  wire         rst,
    input  wire [7:0]   s_axil_awaddr,
    input  wire         s_axil_awvalid,
    output wire         s_axil_awready,
    input  wire [31:0]  s_axil_wdata,
    input  wire [3:0]   s_axil_wstrb,
    input  wire         s_axil_wvalid,
    output wire         s_axil_wready,
    output wire [1:0]   s_axil_bresp,
    output wire         s_axil_bvalid,
    input  wire         s_axil_bready,
    input  wire [7:0]   s_axil_araddr,
    input  wire         s_axil_arvalid,
    output wire         s_axil_arready,
    output wire [31:0]  s_axil_rdata,
    output wire [1:0]   s_axil_rresp,
    output wire         s_axil_rvalid,
    input  wire         s_axil_rready,
    output wire [2:0]   snapshot,
    input  wire [575:0] copies,
    output wire         holds
);

  wire write_busy;
  wire [5:0] write_age;
  wire [5:0] copy_age;
  wire read_busy;
  wire [capdesc_pkg::COUNTER_COUNT+3:0] read_age;

  registers_and_stats u_dut (
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
      .\u_registers.write_busy_q (write_busy),
      .\u_registers.write_age_q (write_age),
      .\u_registers.copy_age_q (copy_age),
      .\u_registers.read_busy_q (read_busy),
      .\u_registers.read_age_q (read_age),
      .\u_stats.gen_counter[0].u_counter.copy_q (copies[48*0+:48]),
      .\u_stats.gen_counter[1].u_counter.copy_q (copies[48*1+:48]),
      .\u_stats.gen_counter[2].u_counter.copy_q (copies[48*2+:48]),
      .\u_stats.gen_counter[3].u_counter.copy_q (copies[48*3+:48]),
      .\u_stats.gen_counter[4].u_counter.copy_q (copies[48*4+:48]),
      .\u_stats.gen_counter[5].u_counter.copy_q (copies[48*5+:48]),
      .\u_stats.gen_counter[6].u_counter.copy_q (copies[48*6+:48]),
      .\u_stats.gen_counter[7].u_counter.copy_q (copies[48*7+:48]),
      .\u_stats.gen_counter[8].u_counter.copy_q (copies[48*8+:48]),
      .\u_stats.gen_counter[9].u_counter.copy_q (copies[48*9+:48]),
      .\u_stats.gen_counter[10].u_counter.copy_q (copies[48*10+:48]),
      .\u_stats.gen_counter[11].u_counter.copy_q (copies[48*11+:48])
  );

  // As in `exposed`.
  wire is_write_right = (write_age & (write_age - 6'd1)) == 0
      & write_busy == (|write_age | s_axil_bvalid)
      & !(|write_age & s_axil_bvalid)
      & !(s_axil_awready & write_busy)
      & (copy_age & ~write_age) == 0;
  wire is_read_right = (read_age & (read_age - 1'b1)) == 0
      & read_busy == (|read_age | s_axil_rvalid)
      & !(|read_age & s_axil_rvalid)
      & !(s_axil_arready & read_busy);

  assign holds = is_write_right & is_read_right;

endmodule

module exposed_counter #(
    parameter int STEP_BITS = 1
) (
    input  wire                 clk,
    input  wire                 rst,
    input  wire [STEP_BITS-1:0] step,
    input  wire [2:0]           snapshot,
    output wire [47:0]          copy,
    output wire [47:0]          counts,
    output wire [2:0]           carries
);

  capdesc_counter u_counter (
      .clk(clk),
      .rst(rst),
      .step(step),
      .snapshot(snapshot),
      .\copy_q (copy),
      .\gen_segment[0].count_q (counts[16*0+:16]),
      .\gen_segment[0].carry_q (carries[0]),
      .\gen_segment[1].count_q (counts[16*1+:16]),
      .\gen_segment[1].carry_q (carries[1]),
      .\gen_segment[2].count_q (counts[16*2+:16]),
      .\gen_segment[2].carry_q (carries[2])
  );

endmodule

module exposed_stats #(
    parameter int LANES = 1,
    parameter int STEP_BITS = $clog2(LANES + 1)
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire [LANES-1:0]        taken,
    input  wire [LANES-1:0]        given,
    input  wire [8*LANES-1:0]      verdicts,
    input  wire                    source_stalled,
    input  wire                    sink_stalled,
    output wire [12*STEP_BITS-1:0] steps
);

  capdesc_stats u_stats (
      .clk(clk),
      .rst(rst),
      .taken(taken),
      .given(given),
      .verdicts(verdicts),
      .source_stalled(source_stalled),
      .sink_stalled(sink_stalled),
      .\gen_counter[0].step_q (steps[STEP_BITS*0+:STEP_BITS]),
      .\gen_counter[1].step_q (steps[STEP_BITS*1+:STEP_BITS]),
      .\gen_counter[2].step_q (steps[STEP_BITS*2+:STEP_BITS]),
      .\gen_counter[3].step_q (steps[STEP_BITS*3+:STEP_BITS]),
      .\gen_counter[4].step_q (steps[STEP_BITS*4+:STEP_BITS]),
      .\gen_counter[5].step_q (steps[STEP_BITS*5+:STEP_BITS]),
      .\gen_counter[6].step_q (steps[STEP_BITS*6+:STEP_BITS]),
      .\gen_counter[7].step_q (steps[STEP_BITS*7+:STEP_BITS]),
      .\gen_counter[8].step_q (steps[STEP_BITS*8+:STEP_BITS]),
      .\gen_counter[9].step_q (steps[STEP_BITS*9+:STEP_BITS]),
      .\gen_counter[10].step_q (steps[STEP_BITS*10+:STEP_BITS]),
      .\gen_counter[11].step_q (steps[STEP_BITS*11+:STEP_BITS])
  );

endmodule

`default_nettype wire

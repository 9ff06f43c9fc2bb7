// One counter of three segments against a plain one, and its copy against the plain count of the
// cycle in which the copy was asked for. Inductive: segment i is what the plain count was i cycles
// ago, and its carry is whether that passed a multiple of the segment's range in its last step.
`default_nettype none

module counter #(
    parameter int STEP_BITS = 1
) (
    input wire                 clk,
    input wire                 rst,
    input wire [STEP_BITS-1:0] step,
    input wire                 do_copy
);

  wire [47:0] copy;
  wire [47:0] counts;
  wire [2:0] carries;
  logic [2:0] snapshot_q;

  exposed_counter #(
      .STEP_BITS(STEP_BITS)
  ) u_exposed (
      .clk(clk),
      .rst(rst),
      .step(step),
      .snapshot(snapshot_q),
      .copy(copy),
      .counts(counts),
      .carries(carries)
  );

  logic is_reset_q = 1'b0;
  // Now, and in the three cycles before: 48 bits each; and the steps between.
  logic [4*48-1:0] plain_q;
  logic [4*STEP_BITS-1:0] steps_q;
  logic [47:0] asked_q;
  logic is_copied_q;
  wire [47:0] next = plain_q[47:0] + {{(48 - STEP_BITS) {1'b0}}, step};
  // The register block begins no copy before the last is whole.
  wire begins = do_copy & snapshot_q[1:0] == 0;

  always_ff @(posedge clk) begin
    plain_q <= {plain_q[3*48-1:0], next};
    steps_q <= {steps_q[3*STEP_BITS-1:0], step};
    snapshot_q <= {snapshot_q[1:0], begins};
    if (snapshot_q[0]) asked_q <= plain_q[47:0];
    if (snapshot_q[2]) is_copied_q <= 1'b1;
    if (begins) is_copied_q <= 1'b0;
    if (rst) begin
      is_reset_q <= 1'b1;
      plain_q <= 0;
      steps_q <= 0;
      snapshot_q <= 0;
      is_copied_q <= 1'b0;
    end
  end

  wire [2:0] is_segment_right;
  wire [2:0] is_carry_right;
  wire [2:0] is_history_right;
  wire [2:0] is_copy_right;

  generate
    for (genvar i = 0; i < 3; i = i + 1) begin : gen_segment
      wire [47:0] now = plain_q[48*i+:48];
      wire [47:0] before = plain_q[48*(i+1)+:48];
      assign is_history_right[i] =
          now == before + {{(48 - STEP_BITS) {1'b0}}, steps_q[STEP_BITS*i+:STEP_BITS]};
      assign is_segment_right[i] = counts[16*i+:16] == now[16*i+:16];
      assign is_carry_right[i] = i == 2 | carries[i] == (now[16*i+15:0] < before[16*i+15:0]);
      if (i == 0) begin : gen_first
        assign is_copy_right[i] = 1'b1;
      end else begin : gen_next
        // On its way: asked for i cycles ago, the segments below copied.
        assign is_copy_right[i] = !snapshot_q[i]
            | (asked_q == now & copy[16*i-1:0] == asked_q[16*i-1:0]);
      end
    end
  endgenerate

  always_comb begin
    if (!is_reset_q) assume (rst);
    if (is_reset_q) begin
      // What is to be shown.
      if (is_copied_q) assert (copy == asked_q);
      // What makes it inductive.
      assert (&is_history_right);
      assert (&is_segment_right);
      assert (&is_carry_right);
      assert (&is_copy_right);
      assert ((snapshot_q & (snapshot_q - 3'd1)) == 0);
      assert (!(is_copied_q & snapshot_q != 0));
    end
  end

  always_comb begin
    if (is_reset_q) begin
      cover (is_copied_q & copy == 3);
      cover (snapshot_q[2] & counts[0] != asked_q[0]);
    end
  end

endmodule

`default_nettype wire

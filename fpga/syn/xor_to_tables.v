// Technology map of a wide XOR: tables of four inputs for four bits each, and an XOR of those, which
// is left to the mapper, so that what is added behind it goes into the same table. At most sixteen
// bits are two levels. The mapper itself shares terms between the rows of the checksum network, and
// pays for that with a third level.
(* techmap_celltype = "$reduce_xor" *)
module capdesc_xor (
    A,
    Y
);
  parameter A_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter Y_WIDTH = 1;
  (* force_downto *)
  input [A_WIDTH-1:0] A;
  output Y;

  localparam PARTS = (A_WIDTH + 3) / 4;
  wire _TECHMAP_FAIL_ = A_WIDTH <= 4;
  wire [PARTS-1:0] part;
  wire [4*PARTS-1:0] bits = A;
  generate
    genvar i;
    for (i = 0; i < PARTS; i = i + 1) begin : gen_part
      if (4 * i + 1 < A_WIDTH) begin : gen_table
        \$lut #(
            .WIDTH(4),
            .LUT  (16'h6996)
        ) u_table (
            .A(bits[4*i+:4]),
            .Y(part[i])
        );
      end else begin : gen_bit
        assign part[i] = bits[4*i];
      end
    end
  endgenerate
  assign Y = ^part;
endmodule

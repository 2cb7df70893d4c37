;;! emit=asm target=aarch64-unknown-linux-gnu
;;! emit=asm target=aarch64-unknown-linux-gnu bounds=explicit traps=call
;;; The other architecture: the context's hot fields are within reach of short immediates.
(module
  (memory 1)
  (global $g (mut i32) (i32.const 1))
  (table 4 funcref)
  (func $load (param i32) (result i32) (i32.load offset=16 (local.get 0)))
  (func $far (param i32) (result i32) (i32.load offset=0x80000000 (local.get 0)))
  (func $global (result i32) (global.get $g))
  (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $indirect (param i32) (call_indirect (local.get 0)))
)

;; == emit=asm target=aarch64-unknown-linux-gnu
;;
;; p.0.load:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   add x4, x2, x3, UXTW
;;   ldr w2, [x4, #16]
;;   b label1
;; block1:
;;   ldp fp, lr, [sp], #16
;;   ret
;;
;; p.1.far:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   movz x5, #32768, LSL #16
;;   add x5, x5, x3, UXTW
;;   ldr w2, [x2, x5]
;;   b label1
;; block1:
;;   ldp fp, lr, [sp], #16
;;   ret
;;
;; p.2.global:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   movn x3, #287
;;   ldr w2, [x2, x3]
;;   b label1
;; block1:
;;   ldp fp, lr, [sp], #16
;;   ret
;;
;; p.3.divide:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   cbz w4, #trap=int_divz
;;   adds wzr, w4, #1
;;   ccmp w3, #1, #nzcv, eq
;;   b.vs #trap=int_ovf
;;   sdiv w2, w3, w4
;;   b label1
;; block1:
;;   ldp fp, lr, [sp], #16
;;   ret
;;
;; p.4.indirect:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;;   ldr x16, [x2, #-24]
;;   add x16, x16, #16
;;   subs xzr, sp, x16, UXTX
;;   b.lo #trap=stk_ovf
;; block0:
;;   movn x10, #271
;;   ldr x12, [x2, x10]
;;   movn x10, #263
;;   ldr x13, [x2, x10]
;;   mov w11, w3
;;   subs xzr, x11, x13
;;   b.hs #trap=user3
;;   lsl x13, x11, #4
;;   add x14, x12, x11, LSL 4
;;   ldr w14, [x14, #8]
;;   subs wzr, w14, #5
;;   b.ne label3 ; b label1
;; block1:
;;   ldr x15, [x12, x13]
;;   blr x15
;;   b label2
;; block2:
;;   ldp fp, lr, [sp], #16
;;   ret
;; block3:
;;   cbz w14, #trap=user4
;;   udf #0xc11f

;; == emit=asm target=aarch64-unknown-linux-gnu bounds=explicit traps=call
;;
;; p.0.load:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   ldur x11, [x2, #-24]
;;   mov x12, sp
;;   subs xzr, x12, x11
;;   b.lo label5 ; b label1
;; block1:
;;   ldur x13, [x2, #-16]
;;   mov w14, w3
;;   add x14, x14, #20
;;   subs xzr, x14, x13
;;   b.hi label4 ; b label2
;; block2:
;;   add x15, x2, x3, UXTW
;;   ldr w2, [x15, #16]
;;   b label3
;; block3:
;;   ldp fp, lr, [sp], #16
;;   ret
;; block4:
;;   mov x0, x2
;;   movz w1, #2
;;   bl 0
;;   udf #0xc11f
;; block5:
;;   mov x0, x2
;;   movz w1, #9
;;   bl 0
;;   udf #0xc11f
;;
;; p.1.far:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   ldur x13, [x2, #-24]
;;   mov x14, sp
;;   subs xzr, x14, x13
;;   b.lo label5 ; b label1
;; block1:
;;   ldur x15, [x2, #-16]
;;   movz w0, #4
;;   movk w0, w0, #32768, LSL #16
;;   add x0, x0, x3, UXTW
;;   subs xzr, x0, x15
;;   b.hi label4 ; b label2
;; block2:
;;   movz x0, #32768, LSL #16
;;   add x0, x0, x3, UXTW
;;   ldr w2, [x2, x0]
;;   b label3
;; block3:
;;   ldp fp, lr, [sp], #16
;;   ret
;; block4:
;;   mov x0, x2
;;   movz w1, #2
;;   bl 0
;;   udf #0xc11f
;; block5:
;;   mov x0, x2
;;   movz w1, #9
;;   bl 0
;;   udf #0xc11f
;;
;; p.2.global:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   ldur x6, [x2, #-24]
;;   mov x7, sp
;;   subs xzr, x7, x6
;;   b.lo label3 ; b label1
;; block1:
;;   movn x7, #287
;;   ldr w2, [x2, x7]
;;   b label2
;; block2:
;;   ldp fp, lr, [sp], #16
;;   ret
;; block3:
;;   mov x0, x2
;;   movz w1, #9
;;   bl 0
;;   udf #0xc11f
;;
;; p.3.divide:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   ldur x14, [x2, #-24]
;;   mov x15, sp
;;   subs xzr, x15, x14
;;   b.lo label7 ; b label1
;; block1:
;;   cbz w4, label6 ; b label2
;; block2:
;;   movz w0, #32768, LSL #16
;;   subs wzr, w3, w0
;;   cset x0, eq
;;   movn w1, #0
;;   subs wzr, w4, w1
;;   cset x1, eq
;;   and w0, w0, w1
;;   ands wzr, w0, #255
;;   b.ne label5 ; b label3
;; block3:
;;   cbz w4, #trap=int_divz
;;   adds wzr, w4, #1
;;   ccmp w3, #1, #nzcv, eq
;;   b.vs #trap=int_ovf
;;   sdiv w2, w3, w4
;;   b label4
;; block4:
;;   ldp fp, lr, [sp], #16
;;   ret
;; block5:
;;   movz w1, #7
;;   mov x0, x2
;;   bl 0
;;   udf #0xc11f
;; block6:
;;   mov x0, x2
;;   movz w1, #6
;;   bl 0
;;   udf #0xc11f
;; block7:
;;   mov x0, x2
;;   movz w1, #9
;;   bl 0
;;   udf #0xc11f
;;
;; p.4.indirect:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   ldur x0, [x2, #-24]
;;   mov x1, sp
;;   subs xzr, x1, x0
;;   b.lo label9 ; b label1
;; block1:
;;   movn x0, #271
;;   ldr x0, [x2, x0]
;;   movn x1, #263
;;   ldr x1, [x2, x1]
;;   mov w3, w3
;;   subs xzr, x3, x1
;;   b.hs label8 ; b label2
;; block2:
;;   lsl x1, x3, #4
;;   add x3, x0, x3, LSL 4
;;   ldr w3, [x3, #8]
;;   subs wzr, w3, #5
;;   b.ne label5 ; b label3
;; block3:
;;   ldr x0, [x0, x1]
;;   blr x0
;;   b label4
;; block4:
;;   ldp fp, lr, [sp], #16
;;   ret
;; block5:
;;   mov x0, x2
;;   cbz w3, label7 ; b label6
;; block6:
;;   movz w1, #5
;;   bl 0
;;   udf #0xc11f
;; block7:
;;   movz w1, #4
;;   bl 0
;;   udf #0xc11f
;; block8:
;;   mov x0, x2
;;   movz w1, #3
;;   bl 0
;;   udf #0xc11f
;; block9:
;;   mov x0, x2
;;   movz w1, #9
;;   bl 0
;;   udf #0xc11f

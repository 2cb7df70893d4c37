;;! emit=clif
;;! emit=clif interruptible=true
;;; A loop that begins with a br_table: the branch to a known state goes straight there, after a copy of what stands before the
;;; table; a choice between two known states becomes a branch; an unknown state goes through the table.
(module
  (memory 1)
  (func (param $state i32) (param $at i32) (result i32)
    (loop $top
      (local.set $at (i32.add (local.get $at) (i32.load8_u (local.get $at))))
      (block $two (block $one (block $zero
        (br_table $zero $one $two (local.get $state)))
        (local.set $state (i32.const 1))
        (br $top))
        (local.set $state (select (i32.const 2) (i32.const 0) (i32.eqz (local.get $at))))
        (br $top))
      (local.set $state (local.get $at))
      (br_if $top (i32.lt_u (local.get $state) (i32.const 3))))
    (local.get $at)))

;; == emit=clif
;;
;; p.0:
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     jump block3(v2, v1)
;;
;; block3(v4: i32, v9: i32):
;;     v5 = uextend.i64 v4
;;     v6 = iadd.i64 v0, v5
;;     v7 = uload8.i32 user2 little region0 v6
;;     v8 = iadd v4, v7
;;     br_table v9, block4(v8), [block6(v8), block5(v8)]
;;
;; block6(v11: i32):
;;     v10 = iconst.i32 1
;;     v12 = uextend.i64 v11
;;     v13 = iadd.i64 v0, v12
;;     v14 = uload8.i32 user2 little region0 v13
;;     v15 = iadd v11, v14
;;     jump block5(v15)
;;
;; block5(v18: i32):
;;     v16 = iconst.i32 2
;;     v17 = iconst.i32 0
;;     v19 = iconst.i32 0
;;     v20 = icmp eq v18, v19  ; v19 = 0
;;     v21 = uextend.i32 v20
;;     v22 = select v21, v16, v17  ; v16 = 2, v17 = 0
;;     v23 = uextend.i64 v18
;;     v24 = iadd.i64 v0, v23
;;     v25 = uload8.i32 user2 little region0 v24
;;     v26 = iadd v18, v25
;;     brif v21, block4(v26), block6(v26)
;;
;; block4(v27: i32):
;;     v28 = iconst.i32 3
;;     v29 = icmp ult v27, v28  ; v28 = 3
;;     v30 = uextend.i32 v29
;;     brif v30, block3(v27, v27), block7
;;
;; block7:
;;     jump block2
;;
;; block2:
;;     jump block1(v27)
;;
;; block1(v3: i32):
;;     return v3
;; }

;; == emit=clif interruptible=true
;;
;; p.0:
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     jump block3(v2, v1)
;;
;; block3(v7: i32, v12: i32):
;;     v4 = iconst.i64 -32
;;     v5 = iadd.i64 v0, v4  ; v4 = -32
;;     v6 = atomic_load.i64 notrap aligned region1 v5
;;     trapnz v6, user10
;;     v8 = uextend.i64 v7
;;     v9 = iadd.i64 v0, v8
;;     v10 = uload8.i32 user2 little region0 v9
;;     v11 = iadd v7, v10
;;     br_table v12, block4(v11), [block6(v11), block5(v11)]
;;
;; block6(v17: i32):
;;     v13 = iconst.i32 1
;;     v14 = iconst.i64 -32
;;     v15 = iadd.i64 v0, v14  ; v14 = -32
;;     v16 = atomic_load.i64 notrap aligned region1 v15
;;     trapnz v16, user10
;;     v18 = uextend.i64 v17
;;     v19 = iadd.i64 v0, v18
;;     v20 = uload8.i32 user2 little region0 v19
;;     v21 = iadd v17, v20
;;     jump block5(v21)
;;
;; block5(v24: i32):
;;     v22 = iconst.i32 2
;;     v23 = iconst.i32 0
;;     v25 = iconst.i32 0
;;     v26 = icmp eq v24, v25  ; v25 = 0
;;     v27 = uextend.i32 v26
;;     v28 = select v27, v22, v23  ; v22 = 2, v23 = 0
;;     v29 = iconst.i64 -32
;;     v30 = iadd.i64 v0, v29  ; v29 = -32
;;     v31 = atomic_load.i64 notrap aligned region1 v30
;;     trapnz v31, user10
;;     v32 = uextend.i64 v24
;;     v33 = iadd.i64 v0, v32
;;     v34 = uload8.i32 user2 little region0 v33
;;     v35 = iadd v24, v34
;;     brif v27, block4(v35), block6(v35)
;;
;; block4(v36: i32):
;;     v37 = iconst.i32 3
;;     v38 = icmp ult v36, v37  ; v37 = 3
;;     v39 = uextend.i32 v38
;;     brif v39, block3(v36, v36), block7
;;
;; block7:
;;     jump block2
;;
;; block2:
;;     jump block1(v36)
;;
;; block1(v3: i32):
;;     return v3
;; }

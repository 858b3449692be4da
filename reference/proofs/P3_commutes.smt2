; property: P3
; operation: mul
; statement: a . b = b . a
; domain: all operands, every policy and compensation
; mutant: a result of zero takes the sign of the first operand
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const c Int)
(assert (is_compensation c))
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate c x y))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (= (mul a b) (mul b a))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun faulty ((x Encoding) (y Encoding)) Encoding
  (ite (= (mag (mul x y)) 0) (encoding (negative x) 0) (mul x y)))
(assert (not (= (faulty a b) (faulty b a))))
(echo "mutant")
(check-sat)
(pop 1)

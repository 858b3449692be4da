; property: P11
; operation: mul
; statement: a . 2^k is the exact product 2^(E_a + k) (1 + F_a)
; domain: a normal, 2^k a normal power of two of either sign, result in range, every policy
; mutant: the second operand is no power of two
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(assert (in_range (product_sum 0 a b)))
(define-fun exact () Bool (and (= (E (mul a b)) (+ (E a) (E b))) (= (field (mul a b)) (field a))))

(echo "precondition")
(check-sat)

(push 1)
(assert (= (field b) 0))
(assert (not exact))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not exact))
(echo "mutant")
(check-sat)
(pop 1)
